/* SPDX-License-Identifier: Apache-2.0
 *
 * Which system this is: release, build, uptime, language, clock. Product keys and the machine's
 * GUID are left out on purpose: they name the customer's computer for ever and help nobody.
 */
#include "agent/plat/win/collect/facts.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proto/base/clock.h"

#define CURRENT "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"

struct release {
	char product[128], display[64], edition[64], kernel[64];
	RTL_OSVERSIONINFOEXW v;
};

/* The answer of GetVersionEx() depends on the asker's manifest; this one does not. */
static void load_release(struct release *r)
{
	typedef LONG WINAPI get_version(RTL_OSVERSIONINFOEXW * v);
	get_version *ask = WIN_FIND(get_version *, "ntdll.dll", "RtlGetVersion");
	uint64_t revision = 0;

	r->v = (RTL_OSVERSIONINFOEXW){.dwOSVersionInfoSize = sizeof r->v};
	if (ask)
		ask(&r->v);
	facts_reg(HKEY_LOCAL_MACHINE, CURRENT, "ProductName", r->product, sizeof r->product);
	facts_reg(HKEY_LOCAL_MACHINE, CURRENT, "DisplayVersion", r->display, sizeof r->display);
	if (!r->display[0])
		facts_reg(HKEY_LOCAL_MACHINE, CURRENT, "ReleaseId", r->display, sizeof r->display);
	facts_reg(HKEY_LOCAL_MACHINE, CURRENT, "EditionID", r->edition, sizeof r->edition);
	facts_reg_number(HKEY_LOCAL_MACHINE, CURRENT, "UBR", &revision);
	snprintf(r->kernel, sizeof r->kernel, "%lu.%lu.%lu.%llu", r->v.dwMajorVersion,
		 r->v.dwMinorVersion, r->v.dwBuildNumber, (unsigned long long)revision);
	/* Windows 11 still calls itself 10 here. */
	if (r->v.dwBuildNumber >= 22000 && strstr(r->product, "Windows 10"))
		strstr(r->product, "Windows 10")[9] = '1';
}

static const char *architecture(void)
{
	SYSTEM_INFO info;

	GetNativeSystemInfo(&info);
	switch (info.wProcessorArchitecture) {
	case PROCESSOR_ARCHITECTURE_AMD64:
		return "x86_64";
	case 12: /* ARM64 */
		return "arm64";
	case PROCESSOR_ARCHITECTURE_INTEL:
		return "x86";
	default:
		return "unknown";
	}
}

static void host_name(char *out, size_t cap)
{
	wchar_t wide[256];
	DWORD n = 256;

	out[0] = '\0';
	if (GetComputerNameExW(ComputerNameDnsFullyQualified, wide, &n))
		win_text(wide, out, cap);
}

static const char *virtual_machine(char *out, size_t cap)
{
	char maker[128], model[128];

	facts_reg(HKEY_LOCAL_MACHINE, "HARDWARE\\DESCRIPTION\\System\\BIOS", "SystemManufacturer",
		  maker, sizeof maker);
	facts_reg(HKEY_LOCAL_MACHINE, "HARDWARE\\DESCRIPTION\\System\\BIOS", "SystemProductName",
		  model, sizeof model);

	static const char *const signs[] = {"VMware", "VirtualBox", "Virtual Machine", "KVM",
					    "QEMU",   "Xen",	    "Bochs",	       "Parallels"};
	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
		if (strstr(maker, signs[i]) || strstr(model, signs[i])) {
			snprintf(out, cap, "virtual machine (%s %s)", maker, model);
			return out;
		}
	snprintf(out, cap, "none found");
	return out;
}

static void facts(struct sink *s, const struct release *r, const char *host)
{
	char text[300];

	sink_fact(s, "os.name", "%s%s%s", r->product[0] ? r->product : "Windows",
		  r->display[0] ? " " : "", r->display);
	sink_fact(s, "os.kernel", "Windows NT %s", r->kernel);
	sink_fact(s, "os.arch", "%s", architecture());
	sink_fact(s, "os.host", "%s", host);
	sink_fact(s, "os.uptime_s", "%llu", (unsigned long long)(GetTickCount64() / 1000));
	sink_fact(s, "os.virt", "%s", virtual_machine(text, sizeof text));
}

static void print_release(struct sink *s, const struct release *r)
{
	char text[FACTS_TEXT];
	uint64_t installed;
	static const struct {
		const char *label, *name;
	} more[] = {{"Build lab", "BuildLabEx"},
		    {"Installation type", "InstallationType"},
		    {"Registered organisation", "RegisteredOrganization"},
		    {"System root", "SystemRoot"}};

	facts_begin(s, "windows/version", "RtlGetVersion, registry CurrentVersion");
	sink_printf(s, "Product: %s\nRelease: %s\nEdition: %s\nBuild: %s\nService pack: %u\n",
		    r->product, r->display, r->edition, r->kernel, r->v.wServicePackMajor);
	for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
		sink_printf(
		    s, "%s: %s\n", more[i].label,
		    facts_reg(HKEY_LOCAL_MACHINE, CURRENT, more[i].name, text, sizeof text));
	if (facts_reg_number(HKEY_LOCAL_MACHINE, CURRENT, "InstallDate", &installed))
		sink_printf(s, "Installed: %s\n", clock_utc_text((int64_t)installed, text));
	facts_end(s, 0);
}

static void print_clock(struct sink *s)
{
	DYNAMIC_TIME_ZONE_INFORMATION zone;
	char now[CLOCK_TEXT_MAX], name[256], key[256];
	DWORD season = GetDynamicTimeZoneInformation(&zone);

	facts_begin(s, "sos_commands/date/date", "GetSystemTime, GetDynamicTimeZoneInformation");
	sink_printf(s, "%s\n", clock_utc_text(clock_wall_s(), now));
	sink_printf(s, "Time zone: %s (%s), UTC%+ld min, daylight saving %s\n",
		    win_text(zone.StandardName, name, sizeof name),
		    win_text(zone.TimeZoneKeyName, key, sizeof key),
		    -(zone.Bias + (season == TIME_ZONE_ID_DAYLIGHT ? zone.DaylightBias : 0)),
		    season == TIME_ZONE_ID_DAYLIGHT ? "now" : "not now");
	facts_end(s, 0);
}

static void print_language(struct sink *s)
{
	wchar_t wide[LOCALE_NAME_MAX_LENGTH];
	char name[256];

	facts_begin(s, "windows/language", "GetUserDefaultLocaleName and others");
	if (GetSystemDefaultLocaleName(wide, LOCALE_NAME_MAX_LENGTH))
		sink_printf(s, "System locale: %s\n", win_text(wide, name, sizeof name));
	if (GetUserDefaultLocaleName(wide, LOCALE_NAME_MAX_LENGTH))
		sink_printf(s, "User locale: %s\n", win_text(wide, name, sizeof name));
	sink_printf(s, "ANSI code page: %u\nOEM code page: %u\n", GetACP(), GetOEMCP());
	facts_end(s, 0);
}

/* "Windows NT HOST 10.0.19045.1 x86_64": where a sos report has uname. */
int collect_os(struct sink *s, const struct collect_args *args)
{
	struct release r = {.v = {0}};
	char host[256];

	(void)args;
	load_release(&r);
	host_name(host, sizeof host);
	facts(s, &r, host);
	facts_begin(s, "sos_commands/kernel/uname_-a", "RtlGetVersion");
	sink_printf(s, "Windows NT %s %s %s\n", host, r.kernel, architecture());
	facts_begin(s, "sos_commands/host/uptime", "GetTickCount64");
	sink_printf(s, "up %llu s\n", (unsigned long long)(GetTickCount64() / 1000));
	print_release(s, &r);
	print_clock(s);
	print_language(s);
	return 0;
}
