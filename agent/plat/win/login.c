/* SPDX-License-Identifier: Apache-2.0
 *
 * The login of the person at this computer, through SSPI: what a browser does when a proxy asks for
 * Negotiate or NTLM. No name and no password passes through here; Windows keeps them.
 */
#define SECURITY_WIN32
#include "agent/plat/plat.h"
#include "agent/plat/win/win.h"

#include <errno.h>
#include <security.h>
#include <stdio.h>
#include <stdlib.h>

#define TARGET_MAX 320

struct plat_login {
	PSecurityFunctionTableW sspi;
	CredHandle who;
	CtxtHandle context;
	bool begun;
	wchar_t target[TARGET_MAX];
};

void plat_login_free(struct plat_login *l)
{
	if (!l)
		return;
	if (l->begun)
		l->sspi->DeleteSecurityContext(&l->context);
	l->sspi->FreeCredentialsHandle(&l->who);
	free(l);
}

static int begin(struct plat_login **out, const char *scheme, const char *host)
{
	INIT_SECURITY_INTERFACE_W find =
	    WIN_FIND(INIT_SECURITY_INTERFACE_W, "secur32.dll", "InitSecurityInterfaceW");
	struct plat_login *l = find ? calloc(1, sizeof *l) : NULL;
	wchar_t package[16];
	char target[TARGET_MAX];
	TimeStamp expiry;

	if (!l)
		return find ? -ENOMEM : -ENOTSUP;
	snprintf(target, sizeof target, "HTTP/%s", host);
	l->sspi = find();
	if (!l->sspi || win_wide(scheme, package, 16) < 0 ||
	    win_wide(target, l->target, TARGET_MAX) < 0 ||
	    l->sspi->AcquireCredentialsHandleW(NULL, package, SECPKG_CRED_OUTBOUND, NULL, NULL,
					       NULL, NULL, &l->who, &expiry) != SEC_E_OK) {
		free(l);
		return -EACCES;
	}
	*out = l;
	return 0;
}

int plat_login_step(struct plat_login **login, const char *scheme, const char *host,
		    const uint8_t *in, size_t n, uint8_t *out, size_t cap)
{
	int err = *login ? 0 : begin(login, scheme, host);
	if (err < 0)
		return err;

	struct plat_login *l = *login;
	/* SSPI does not change what it is given; its type is older than const */
	SecBuffer theirs = {(ULONG)n, SECBUFFER_TOKEN, (void *)(uintptr_t)in};
	SecBuffer ours = {(ULONG)cap, SECBUFFER_TOKEN, out};
	SecBufferDesc in_list = {SECBUFFER_VERSION, 1, &theirs};
	SecBufferDesc out_list = {SECBUFFER_VERSION, 1, &ours};
	ULONG attributes;
	TimeStamp expiry;
	SECURITY_STATUS s = l->sspi->InitializeSecurityContextW(
	    &l->who, l->begun ? &l->context : NULL, l->target, ISC_REQ_CONNECTION, 0,
	    SECURITY_NATIVE_DREP, n > 0 ? &in_list : NULL, 0, &l->context, &out_list, &attributes,
	    &expiry);

	if (s == SEC_I_COMPLETE_NEEDED || s == SEC_I_COMPLETE_AND_CONTINUE)
		s = l->sspi->CompleteAuthToken(&l->context, &out_list);
	if (s != SEC_E_OK && s != SEC_I_CONTINUE_NEEDED)
		return -EACCES;
	l->begun = true;
	return (int)ours.cbBuffer;
}
