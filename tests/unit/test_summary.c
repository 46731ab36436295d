/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "console/summary.h"

static struct manifest m;
static char *text;

static void begin(void)
{
	manifest_init(&m);
}

static void end(void)
{
	manifest_done(&m);
	free(text);
	text = NULL;
}

TestSuite(summary, .init = begin, .fini = end);

static const char *printed(void)
{
	size_t n;
	FILE *f = open_memstream(&text, &n);

	summary_print(f, &m);
	fclose(f);
	return text;
}

static void fact(const char *key, const char *value)
{
	cr_assert_eq(manifest_put_fact(&m, key, value), 0);
}

Test(summary, says_first_what_an_engineer_asks_first)
{
	fact("os.host", "web1");
	fact("os.name", "Debian GNU/Linux 12 (bookworm)");
	fact("os.kernel", "6.1.0-18-amd64");
	fact("os.arch", "x86_64");
	fact("os.uptime_s", "273840");
	fact("os.virt", "kvm");
	fact("os.clock", "synchronised");
	fact("os.load", "0.10 0.20 0.30");
	fact("cpu.model", "AMD EPYC");
	fact("cpu.count", "4");
	fact("cpu.busy_percent", "12");
	fact("mem.total_kb", "8000000");
	fact("mem.available_kb", "1500000");
	fact("mem.swap_total_kb", "2000000");
	fact("mem.swap_free_kb", "500000");
	fact("disk.count", "3");
	fact("disk.full.1", "/var 97 % of 20 GB");
	fact("proc.count", "123");
	fact("svc.failed_count", "1");
	fact("svc.failed.1", "nginx.service: exit-code");
	fact("log.errors_last_hour", "0");
	fact("net.addr.1", "eth0 192.0.2.10/24");
	fact("net.default_route", "192.0.2.1 dev eth0");
	fact("dns.server.1", "192.0.2.53: 12 ms");
	fact("reach.1", "relay.example:443 tcp 5 ms, tls ok");
	cr_assert_str_eq(
	    printed(),
	    "Host       web1, Debian GNU/Linux 12 (bookworm), kernel 6.1.0-18-amd64, x86_64\n"
	    "Machine    kvm, AMD EPYC, 4 processors\n"
	    "Uptime     3 d 4 h 4 min, clock synchronised\n"
	    "Load       0.10 0.20 0.30, 12 % busy, 123 processes\n"
	    "Memory     1.5 GB of 8.2 GB available, swap 1.5 GB of 2.0 GB used\n"
	    "Disks      3 file systems, nearly full:\n"
	    "           /var 97 % of 20 GB\n"
	    "Services   1 failed:\n"
	    "           nginx.service: exit-code\n"
	    "Errors     none in the last hour\n"
	    "Addresses  eth0 192.0.2.10/24\n"
	    "Route      192.0.2.1 dev eth0\n"
	    "DNS        192.0.2.53: 12 ms\n"
	    "Reached    relay.example:443 tcp 5 ms, tls ok\n");
}

Test(summary, keeps_silent_about_what_is_not_known)
{
	cr_assert_str_eq(printed(), "");
}

Test(summary, does_not_take_strange_values_for_numbers)
{
	fact("os.uptime_s", "-5");
	fact("mem.total_kb", "99999999999999999999");
	fact("mem.available_kb", "many");
	fact("svc.failed_count", "");
	cr_assert_str_eq(printed(), "");
}

Test(summary, shows_some_of_a_long_list)
{
	char key[32];

	for (int i = 1; i <= 20; i++) {
		snprintf(key, sizeof key, "net.addr.%d", i);
		fact(key, "x");
	}
	printed();
	cr_assert(strstr(text, "           and 12 more\n"));
}

Test(summary, lists_what_is_missing)
{
	struct manifest_run *run;
	struct manifest_item *it;

	cr_assert_eq(manifest_add_run(&m, "os", &run), 0);
	cr_assert_eq(manifest_add_run(&m, "journal", &run), 0);
	run->state = ITEM_UNAVAILABLE;
	cr_assert_eq(manifest_text(&m, &run->why, "needs root"), 0);
	cr_assert_eq(manifest_add_item(&m, "a", "os", "", &it), 0);
	it->truncated = true;
	cr_assert_eq(manifest_add_item(&m, "b", "os", "", &it), 0);
	cr_assert_str_eq(printed(),
			 "Missing    journal: unavailable, needs root\n"
			 "           1 of 2 files are missing or cut; 'bundle show' lists them\n");
}

Test(summary, prints_no_control_characters)
{
	struct manifest_fact bad = {.key = strdup("os.name"), .value = strdup("a\x1b]0;x\x07\n")};

	/* Nobody can put this into a manifest; if somebody could, it would still not get out. */
	m.facts = malloc(sizeof bad);
	m.facts[0] = bad;
	m.facts_count = 1;
	cr_assert_str_eq(printed(), "Host       a?]0;x? \n");
}
