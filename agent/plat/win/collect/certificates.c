/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates: whose, by whom, until when. Never a private key, not even whether it may be read.
 */
#include "agent/plat/win/collect/facts.h"

#include <stdio.h>
#include <wincrypt.h>

#include "proto/base/clock.h"

#define SOON_S	  (30 * 86400)
#define FACTS_MAX 8
#define CERTS_MAX 2000

struct certificates {
	struct sink *s;
	int64_t now;
	unsigned facts;
};

static const char *name_of(const CERT_CONTEXT *c, DWORD issuer, char *out, size_t cap)
{
	wchar_t wide[512];

	CertGetNameStringW(c, CERT_NAME_SIMPLE_DISPLAY_TYPE, issuer, NULL, wide, 512);
	return win_text(wide, out, cap);
}

static void print_one(struct certificates *all, const CERT_CONTEXT *c, bool own)
{
	char subject[512], issuer[512], from[FACTS_TIME], to[FACTS_TIME], key[ITEM_KEY_MAX];
	int64_t left = facts_unix_time(&c->pCertInfo->NotAfter) - all->now;

	name_of(c, 0, subject, sizeof subject);
	name_of(c, CERT_NAME_ISSUER_FLAG, issuer, sizeof issuer);
	facts_time(&c->pCertInfo->NotBefore, from);
	facts_time(&c->pCertInfo->NotAfter, to);
	sink_printf(all->s, "%s; by %s; %s to %s%s\n", subject, issuer, from, to,
		    left < 0	    ? "; EXPIRED"
		    : left < SOON_S ? "; expires soon"
				    : "");
	if (!own || left >= SOON_S || all->facts >= FACTS_MAX)
		return;
	snprintf(key, sizeof key, "cert.expiry.%u", ++all->facts);
	sink_fact(all->s, key, "%.120s until %s", subject, to);
}

static void print_store(struct certificates *all, const wchar_t *name, bool machine)
{
	char file[128], store_name[64];
	HCERTSTORE store = CertOpenStore(
	    CERT_STORE_PROV_SYSTEM_W, 0, 0,
	    (machine ? CERT_SYSTEM_STORE_LOCAL_MACHINE : CERT_SYSTEM_STORE_CURRENT_USER) |
		CERT_STORE_READONLY_FLAG | CERT_STORE_OPEN_EXISTING_FLAG,
	    name);
	const CERT_CONTEXT *c = NULL;
	unsigned n = 0;

	snprintf(file, sizeof file, "windows/certificates/%s_%s", machine ? "computer" : "user",
		 win_text(name, store_name, sizeof store_name));
	facts_begin(all->s, file, "CertEnumCertificatesInStore");
	if (!store) {
		facts_end(all->s, GetLastError());
		return;
	}
	while (n++ < CERTS_MAX && (c = CertEnumCertificatesInStore(store, c)) != NULL)
		print_one(all, c, wcscmp(name, L"MY") == 0);
	if (c)
		CertFreeCertificateContext(c);
	CertCloseStore(store, 0);
	facts_end(all->s, 0);
}

int collect_certificates(struct sink *s, const struct collect_args *args)
{
	static const wchar_t *const names[] = {L"MY", L"CA", L"ROOT"};
	struct certificates all = {.s = s, .now = clock_wall_s()};

	(void)args;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		print_store(&all, names[i], true);
		print_store(&all, names[i], false);
	}
	return 0;
}
