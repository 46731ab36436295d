/* SPDX-License-Identifier: Apache-2.0
 *
 * Wi-Fi: adapters, the connection there is, and the profiles, without their keys.
 */
#include "agent/plat/win/collect/facts.h"

#include <stdio.h>
#include <string.h>
#include <wlanapi.h>

struct api {
	DWORD(WINAPI *open)(DWORD, PVOID, PDWORD, PHANDLE);
	DWORD(WINAPI *close)(HANDLE, PVOID);
	DWORD(WINAPI *interfaces)(HANDLE, PVOID, PWLAN_INTERFACE_INFO_LIST *);
	DWORD(WINAPI *query)
	(HANDLE, const GUID *, WLAN_INTF_OPCODE, PVOID, PDWORD, PVOID *, PWLAN_OPCODE_VALUE_TYPE);
	DWORD(WINAPI *profiles)(HANDLE, const GUID *, PVOID, PWLAN_PROFILE_INFO_LIST *);
	DWORD(WINAPI *profile)(HANDLE, const GUID *, LPCWSTR, PVOID, LPWSTR *, DWORD *, DWORD *);
	void(WINAPI *release)(PVOID);
};

static bool load(struct api *a)
{
	a->open = WIN_FIND(void *, "wlanapi.dll", "WlanOpenHandle");
	a->close = WIN_FIND(void *, "wlanapi.dll", "WlanCloseHandle");
	a->interfaces = WIN_FIND(void *, "wlanapi.dll", "WlanEnumInterfaces");
	a->query = WIN_FIND(void *, "wlanapi.dll", "WlanQueryInterface");
	a->profiles = WIN_FIND(void *, "wlanapi.dll", "WlanGetProfileList");
	a->profile = WIN_FIND(void *, "wlanapi.dll", "WlanGetProfile");
	a->release = WIN_FIND(void *, "wlanapi.dll", "WlanFreeMemory");
	return a->open && a->close && a->interfaces && a->release;
}

/* The key stands between <keyMaterial> and </keyMaterial>, encrypted or, for administrators, plain:
 * it is cut out before anything else looks at the text. So is whatever a company put into the
 * part for its own log-in (EAPConfig). */
static void cut_out(wchar_t *xml, const wchar_t *from, const wchar_t *to)
{
	for (wchar_t *at = xml; (at = wcsstr(at, from)) != NULL;) {
		wchar_t *end = wcsstr(at, to);

		at += wcslen(from);
		if (!end) {
			*at = L'\0';
			return;
		}
		memmove(at, end, (wcslen(end) + 1) * sizeof *at);
	}
}

static void print_profile(struct sink *s, const struct api *a, HANDLE wlan, const GUID *adapter,
			  const wchar_t *name)
{
	wchar_t *xml = NULL;
	DWORD flags = 0, access = 0; /* no WLAN_PROFILE_GET_PLAINTEXT_KEY */
	static char text[32768];
	char title[256];

	sink_printf(s, "[%s]\n", win_text(name, title, sizeof title));
	if (!a->profile || a->profile(wlan, adapter, name, NULL, &xml, &flags, &access) != 0)
		return;
	cut_out(xml, L"<keyMaterial>", L"</keyMaterial>");
	cut_out(xml, L"<EAPConfig>", L"</EAPConfig>");
	sink_printf(s, "%s\n", win_text(xml, text, sizeof text));
	a->release(xml);
}

static void print_connection(struct sink *s, const struct api *a, HANDLE wlan, const GUID *adapter)
{
	WLAN_CONNECTION_ATTRIBUTES *c = NULL;
	DWORD n = 0;
	char profile[256];

	if (!a->query || a->query(wlan, adapter, wlan_intf_opcode_current_connection, NULL, &n,
				  (void **)&c, NULL) != 0)
		return;
	win_text(c->strProfileName, profile, sizeof profile);
	sink_printf(s, "    connected by profile \"%s\", signal %lu %%, rx %lu kb/s, tx %lu kb/s\n",
		    profile, c->wlanAssociationAttributes.wlanSignalQuality,
		    c->wlanAssociationAttributes.ulRxRate, c->wlanAssociationAttributes.ulTxRate);
	sink_fact(s, "net.wifi", "%s, signal %lu %%", profile,
		  c->wlanAssociationAttributes.wlanSignalQuality);
	a->release(c);
}

static void print_adapters(struct sink *s, const struct api *a, HANDLE wlan,
			   const WLAN_INTERFACE_INFO_LIST *list)
{
	char name[512];

	facts_begin(s, "windows/wifi_adapters", "WlanEnumInterfaces, WlanQueryInterface");
	for (DWORD i = 0; i < list->dwNumberOfItems; i++) {
		sink_printf(
		    s, "%s: state %d\n",
		    win_text(list->InterfaceInfo[i].strInterfaceDescription, name, sizeof name),
		    (int)list->InterfaceInfo[i].isState);
		print_connection(s, a, wlan, &list->InterfaceInfo[i].InterfaceGuid);
	}
	facts_end(s, 0);
}

static void print_profiles(struct sink *s, const struct api *a, HANDLE wlan,
			   const WLAN_INTERFACE_INFO_LIST *list)
{
	facts_begin(s, "windows/wifi_profiles", "WlanGetProfile; keys are left out");
	for (DWORD i = 0; i < list->dwNumberOfItems; i++) {
		WLAN_PROFILE_INFO_LIST *p = NULL;
		const GUID *adapter = &list->InterfaceInfo[i].InterfaceGuid;

		if (!a->profiles || a->profiles(wlan, adapter, NULL, &p) != 0)
			continue;
		for (DWORD k = 0; k < p->dwNumberOfItems; k++)
			print_profile(s, a, wlan, adapter, p->ProfileInfo[k].strProfileName);
		a->release(p);
	}
	facts_end(s, 0);
}

int collect_wifi(struct sink *s, const struct collect_args *args)
{
	WLAN_INTERFACE_INFO_LIST *list = NULL;
	struct api a;
	HANDLE wlan;
	DWORD version, err;

	(void)args;
	if (!load(&a))
		return facts_gap(s, "windows/wifi_adapters", "WlanEnumInterfaces",
				 "this system has no Wi-Fi service");
	err = a.open(2, NULL, &version, &wlan);
	if (err == 0) {
		err = a.interfaces(wlan, NULL, &list);
		if (err == 0) {
			print_adapters(s, &a, wlan, list);
			print_profiles(s, &a, wlan, list);
			a.release(list);
		}
		a.close(wlan, NULL);
	}
	if (err == 0)
		return 0;
	facts_begin(s, "windows/wifi_adapters", "WlanEnumInterfaces");
	return facts_end(s, err);
}
