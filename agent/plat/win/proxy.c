/* SPDX-License-Identifier: Apache-2.0
 *
 * Which proxy Windows wants its programs to use: the user's settings, which policies may have made,
 * else the computer's own (netsh winhttp). A script is run by Windows, not by us.
 */
#include "agent/plat/plat.h"
#include "agent/plat/win/win.h"

#include <errno.h>
#include <string.h>
#include <winhttp.h>

#define URL_MAX 1024

/* Frees what WinHTTP gave. A list that is too long is none. */
static void take(wchar_t *wide, char *out, size_t cap)
{
	if (wide && win_utf8(wide, out, cap) < 0)
		out[0] = '\0';
	if (wide)
		GlobalFree(wide);
}

static bool of_the_computer(struct plat_proxy *p)
{
	typedef BOOL WINAPI get_config(WINHTTP_PROXY_INFO * info);
	get_config *get =
	    WIN_FIND(get_config *, "winhttp.dll", "WinHttpGetDefaultProxyConfiguration");
	WINHTTP_PROXY_INFO info = {0};

	if (!get || !get(&info))
		return false;
	take(info.lpszProxy, p->proxies, sizeof p->proxies);
	take(info.lpszProxyBypass, p->bypass, sizeof p->bypass);
	if (info.dwAccessType != WINHTTP_ACCESS_TYPE_NAMED_PROXY)
		p->proxies[0] = '\0';
	return p->proxies[0] != '\0';
}

/* The user's settings, and the address of the script, which is the caller's to free. */
static bool of_the_user(struct plat_proxy *p, wchar_t **script)
{
	typedef BOOL WINAPI get_config(WINHTTP_CURRENT_USER_IE_PROXY_CONFIG * config);
	get_config *get =
	    WIN_FIND(get_config *, "winhttp.dll", "WinHttpGetIEProxyConfigForCurrentUser");
	WINHTTP_CURRENT_USER_IE_PROXY_CONFIG c = {0};

	if (!get || !get(&c))
		return false;
	take(c.lpszProxy, p->proxies, sizeof p->proxies);
	take(c.lpszProxyBypass, p->bypass, sizeof p->bypass);
	p->detect = c.fAutoDetect;
	p->script = c.lpszAutoConfigUrl && c.lpszAutoConfigUrl[0];
	*script = c.lpszAutoConfigUrl;
	return true;
}

int plat_system_proxy(struct plat_proxy *out)
{
	struct plat_proxy p = {.detect = false};
	wchar_t *script = NULL;
	bool known = of_the_user(&p, &script);

	if (script)
		GlobalFree(script);
	if (!p.script && !p.proxies[0])
		known |= of_the_computer(&p);
	if (known)
		*out = p;
	return known ? 0 : -ENOENT;
}

typedef HINTERNET WINAPI open_session(const wchar_t *agent, DWORD access, const wchar_t *proxy,
				      const wchar_t *bypass, DWORD flags);
typedef BOOL WINAPI get_for_url(HINTERNET session, const wchar_t *url,
				WINHTTP_AUTOPROXY_OPTIONS *options, WINHTTP_PROXY_INFO *info);
typedef BOOL WINAPI close_handle(HINTERNET h);

static int ask(const wchar_t *url, WINHTTP_AUTOPROXY_OPTIONS *how, char *out, size_t cap)
{
	open_session *begin = WIN_FIND(open_session *, "winhttp.dll", "WinHttpOpen");
	get_for_url *get = WIN_FIND(get_for_url *, "winhttp.dll", "WinHttpGetProxyForUrl");
	close_handle *end = WIN_FIND(close_handle *, "winhttp.dll", "WinHttpCloseHandle");
	WINHTTP_PROXY_INFO info = {0};
	char bypass[URL_MAX];

	if (!begin || !get || !end)
		return -ENOTSUP;

	HINTERNET session = begin(L"assent", WINHTTP_ACCESS_TYPE_NO_PROXY, NULL, NULL, 0);
	if (!session)
		return win_last();

	bool ok = get(session, url, how, &info);
	end(session);
	if (!ok)
		return -ENOENT;
	out[0] = '\0';
	take(info.lpszProxy, out, cap);
	take(info.lpszProxyBypass, bypass, sizeof bypass);
	if (info.dwAccessType != WINHTTP_ACCESS_TYPE_NAMED_PROXY)
		out[0] = '\0';
	return 0;
}

/* Who the person is, is not told to the server of the script: fAutoLogonIfChallenged stays off. */
int plat_script_proxy(const char *url, bool detect, char *out, size_t cap)
{
	struct plat_proxy unused = {.detect = false};
	WINHTTP_AUTOPROXY_OPTIONS how = {.dwFlags = 0};
	wchar_t wide[URL_MAX], *script = NULL;
	int err = win_wide(url, wide, URL_MAX);

	if (err < 0)
		return err;
	if (detect) {
		how.dwFlags = WINHTTP_AUTOPROXY_AUTO_DETECT;
		how.dwAutoDetectFlags =
		    WINHTTP_AUTO_DETECT_TYPE_DHCP | WINHTTP_AUTO_DETECT_TYPE_DNS_A;
		return ask(wide, &how, out, cap);
	}
	if (!of_the_user(&unused, &script) || !unused.script)
		return -ENOENT;
	how.dwFlags = WINHTTP_AUTOPROXY_CONFIG_URL;
	how.lpszAutoConfigUrl = script;
	err = ask(wide, &how, out, cap);
	GlobalFree(script);
	return err;
}
