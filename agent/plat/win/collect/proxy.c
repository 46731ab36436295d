/* SPDX-License-Identifier: Apache-2.0
 *
 * Which proxies programs of this computer use: WinHTTP's (services), the user's (browsers), and
 * the script that chooses one. Names and passwords inside of addresses are left out.
 */
#include "agent/plat/win/collect/facts.h"

#include <stdio.h>
#include <string.h>
#include <winhttp.h>

#define INTERNET "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Internet Settings"
#define POLICY	 "SOFTWARE\\Policies\\Microsoft\\Windows\\CurrentVersion\\Internet Settings"

/* "http://user:password@host" -> "http://host" */
static const char *without_user(const wchar_t *wide, char *out, size_t cap)
{
	win_text(wide ? wide : L"", out, cap);
	for (char *at; (at = strchr(out, '@')) != NULL;) {
		char *from = at;

		while (from > out && !strchr("/;= ", from[-1]))
			from--;
		memmove(from, at + 1, strlen(at + 1) + 1);
	}
	return out;
}

static void print_winhttp(struct sink *s)
{
	typedef BOOL WINAPI get_config(WINHTTP_PROXY_INFO * info);
	get_config *get =
	    WIN_FIND(get_config *, "winhttp.dll", "WinHttpGetDefaultProxyConfiguration");
	WINHTTP_PROXY_INFO info = {0};
	char text[FACTS_TEXT];

	facts_begin(s, "windows/proxy_winhttp", "WinHttpGetDefaultProxyConfiguration");
	if (!get || !get(&info)) {
		facts_end(s, get ? GetLastError() : ERROR_PROC_NOT_FOUND);
		return;
	}
	sink_printf(s, "Access: %s\n",
		    info.dwAccessType == WINHTTP_ACCESS_TYPE_NAMED_PROXY ? "proxy" : "direct");
	sink_printf(s, "Proxy: %s\n", without_user(info.lpszProxy, text, sizeof text));
	sink_printf(s, "Bypass: %s\n",
		    win_text(info.lpszProxyBypass ? info.lpszProxyBypass : L"", text, sizeof text));
	facts_end(s, 0);
	GlobalFree(info.lpszProxy);
	GlobalFree(info.lpszProxyBypass);
}

static void print_user(struct sink *s)
{
	typedef BOOL WINAPI get_config(WINHTTP_CURRENT_USER_IE_PROXY_CONFIG * info);
	get_config *get =
	    WIN_FIND(get_config *, "winhttp.dll", "WinHttpGetIEProxyConfigForCurrentUser");
	WINHTTP_CURRENT_USER_IE_PROXY_CONFIG c = {0};
	char proxy[FACTS_TEXT], script[FACTS_TEXT], bypass[FACTS_TEXT];

	facts_begin(s, "windows/proxy_user", "WinHttpGetIEProxyConfigForCurrentUser");
	if (!get || !get(&c)) {
		facts_end(s, get ? GetLastError() : ERROR_PROC_NOT_FOUND);
		return;
	}
	without_user(c.lpszProxy, proxy, sizeof proxy);
	without_user(c.lpszAutoConfigUrl, script, sizeof script);
	win_text(c.lpszProxyBypass ? c.lpszProxyBypass : L"", bypass, sizeof bypass);
	sink_printf(s, "Detect automatically: %s\nScript: %s\nProxy: %s\nBypass: %s\n",
		    c.fAutoDetect ? "yes" : "no", script, proxy, bypass);
	sink_fact(s, "net.proxy", "%s%s%s",
		  proxy[0]    ? proxy
		  : script[0] ? "script "
			      : "none",
		  script, c.fAutoDetect ? ", automatic" : "");
	facts_end(s, 0);
	GlobalFree(c.lpszProxy);
	GlobalFree(c.lpszAutoConfigUrl);
	GlobalFree(c.lpszProxyBypass);
}

/* Values that hold addresses are printed above, cleaned. */
static void print_registry(struct sink *s)
{
	static const char *const shown[] = {"ProxyEnable", "ProxySettingsPerUser", "MigrateProxy",
					    "EnableHttp1_1", "EnableAutoProxyResultCache"};
	static const struct {
		const char *name;
		HKEY hive;
		const char *path;
	} keys[] = {{"user", HKEY_CURRENT_USER, INTERNET},
		    {"computer", HKEY_LOCAL_MACHINE, INTERNET},
		    {"policy", HKEY_LOCAL_MACHINE, POLICY}};
	char text[FACTS_TEXT];

	facts_begin(s, "windows/proxy_registry", "registry Internet Settings");
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		sink_printf(s, "[%s]\n", keys[i].name);
		for (size_t k = 0; k < sizeof shown / sizeof shown[0]; k++)
			sink_printf(
			    s, "%s = %s\n", shown[k],
			    facts_reg(keys[i].hive, keys[i].path, shown[k], text, sizeof text));
	}
	facts_end(s, 0);
}

static void print_variables(struct sink *s)
{
	static const wchar_t *const names[] = {L"HTTP_PROXY", L"HTTPS_PROXY", L"ALL_PROXY",
					       L"NO_PROXY"};
	wchar_t value[1024];
	char text[FACTS_TEXT], name[32];
	HKEY key;

	/* Of the user's settings, not of our own empty environment. */
	facts_begin(s, "windows/proxy_variables", "registry Environment");
	if (RegOpenKeyExW(HKEY_CURRENT_USER, L"Environment", 0, KEY_READ, &key) == ERROR_SUCCESS) {
		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
			DWORD n = sizeof value - sizeof value[0];

			memset(value, 0, sizeof value);
			if (RegQueryValueExW(key, names[i], NULL, NULL, (BYTE *)value, &n) ==
			    ERROR_SUCCESS)
				sink_printf(s, "%s = %s\n", win_text(names[i], name, sizeof name),
					    without_user(value, text, sizeof text));
		}
		RegCloseKey(key);
	}
	facts_end(s, 0);
}

int collect_proxy(struct sink *s, const struct collect_args *args)
{
	(void)args;
	print_winhttp(s);
	print_user(s);
	print_registry(s);
	print_variables(s);
	return 0;
}
