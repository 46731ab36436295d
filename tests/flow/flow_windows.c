/* SPDX-License-Identifier: Apache-2.0
 *
 * The agent for Windows under wine, with the relay and the console of Linux: the whole session on a
 * console and in windows, what each collector brings, stop. The customer types on a
 * pseudo-terminal, or clicks (tests/support/customer_win.c). Nobody skips the five seconds here.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/wine_stage.h"

#define GONE_MS	   60000
#define PATH_ROOM  1024
#define SHOT	   WINE_PREFIX "-question.png"
#define COLORS_MIN 12 /* an empty screen has one */

static struct wine_stage w;
static struct pty box;
static char box_at[64];

static void open_stage(void)
{
	box.fd = -1;
	wine_stage_open(&w);
}

static void close_stage(void)
{
	pty_done(&box);
	wine_stage_done(&w);
}

TestSuite(windows, .init = open_stage, .fini = close_stage);

static bool comes_true(bool (*what)(void))
{
	const struct timespec look = {.tv_nsec = 20000000};

	for (int ms = 0; ms < GONE_MS; ms += 20) {
		if (what())
			return true;
		nanosleep(&look, NULL);
	}
	return false;
}

static bool collector_runs(void)
{
	return wine_stage_running(&w, "assent-collect") > 0;
}

static bool probe_runs(void)
{
	return wine_stage_running(&w, "assent-probe") > 0;
}

static bool nothing_runs(void)
{
	return wine_stage_running(&w, "assent-") == 0;
}

/* ---- what arrived ---- */

static char *slurp(const char *bundle, const char *name)
{
	char path[PATH_ROOM];
	static char text[1 << 20];

	snprintf(path, sizeof path, "%s/%s", bundle, name);
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
	text[n] = '\0';
	if (f)
		fclose(f);
	return text;
}

static bool holds(const char *bundle, const char *name, const char *what)
{
	return strstr(slurp(bundle, name), what) != NULL;
}

/* The state of one collector in the engineer's events:
 * {"event":"item","name":"os",...,"state":"ok"}
 */
static bool item_is(const char *events, const char *name, const char *state)
{
	char want[64];

	for (const char *line = events; line; line = strchr(line + 1, '\n')) {
		const char *end = strchr(line + 1, '\n');
		size_t n = end ? (size_t)(end - line) : strlen(line);

		snprintf(want, sizeof want, "\"%s\"", name);
		if (!memmem(line, n, "\"item\"", 6) || !memmem(line, n, want, strlen(want)))
			continue;
		snprintf(want, sizeof want, "\"%s\"", state);
		if (memmem(line, n, want, strlen(want)))
			return true;
	}
	return false;
}

static const char *const scopes[] = {"--scope", "system", "--scope",	  "network", "--scope",
				     "logs",	"-c",	  "collect full", NULL};

Test(windows, the_system_layer_keeps_its_promises)
{
	char out[8192];

	cr_assert_eq(wine_stage_run(&w, (const char *[]){WINE_STAGE_CHECKS, NULL}, out, sizeof out),
		     0, "%s", out);
	cr_assert(strstr(out, "0 failed"), "%s", out);
}

Test(windows, a_whole_session_on_a_console)
{
	static const char *const works[] = {
	    "os",	  "cpu",	  "memory",	 "disks",	 "processes", "services",
	    "interfaces", "addresses",	  "routes",	 "neighbours",	 "sockets",   "dns",
	    "hardware",	  "drivers",	  "updates",	 "programs",	 "tasks",     "crashes",
	    "power",	  "time_service", "policy",	 "certificates", "proxy",     "firewall",
	    "wifi",	  "shares",	  "reachability"};
	char bundle[STAGE_PATH_MAX];

	wine_stage_agent_on_console(&w);
	stage_connect(&w.base, &w.console, scopes);
	cr_assert(pty_expect(&w.base.agent, "Did YOU ask for help?"), "%s", w.base.agent.screen);
	cr_assert(strstr(w.base.agent.screen, "Checking the printer"), "%s", w.base.agent.screen);
	cr_assert(pty_expect(&w.base.agent, "Type allow or deny:"), "%s", w.base.agent.screen);
	pty_type(&w.base.agent, "3\r"); /* no logs */
	cr_assert(pty_expect(&w.base.agent, "[ ]  3"), "%s", w.base.agent.screen);
	pty_type(&w.base.agent, "allow\r");
	cr_assert_eq(pty_wait(&w.console), 0, "%s", w.console.screen);
	cr_assert_eq(pty_wait(&w.base.agent), 0, "%s", w.base.agent.screen);

	for (size_t i = 0; i < sizeof works / sizeof works[0]; i++)
		cr_expect(item_is(w.console.screen, works[i], "ok"), "%s: %s", works[i],
			  w.console.screen);
	stage_bundle(&w.base, bundle);
	cr_expect(holds(bundle, "sos_commands/kernel/uname_-a", "Windows NT"));
	cr_expect(holds(bundle, "windows/version", "10.0."));
	cr_expect(holds(bundle, "sos_commands/memory/free", "Mem:"));
	cr_expect(holds(bundle, "sos_commands/filesys/df_-al_-x_autofs", "C:\\"));
	cr_expect(holds(bundle, "sos_commands/process/processes", "assent-agent.exe"));
	cr_expect(holds(bundle, "windows/services", "running"));
	cr_expect(holds(bundle, "sos_commands/networking/assent_interfaces", "loopback"));
	cr_expect(holds(bundle, "sos_commands/networking/assent_addresses", "127.0.0.1/8"));
	cr_expect(holds(bundle, "sos_commands/networking/assent_sockets", "LISTEN"));
	cr_expect(holds(bundle, "sos_commands/networking/assent_reachability", "tls"));
	cr_expect(holds(bundle, "windows/hardware/system", "Manufacturer: "));
	cr_expect(holds(bundle, "windows/firewall_profiles", "public, local"));
	cr_expect(holds(bundle, "windows/certificates/computer_ROOT", " by "));
	cr_assert_eq(stage_run((const char *[]){ASSENT_BIN "/assent-console", "bundle", "verify",
						bundle, NULL},
			       NULL, 0),
		     0);
	wine_stage_record_has(&w, "You allowed: system, network");
}

Test(windows, stop_on_a_console_ends_collector_and_tool)
{
	char collect[128];

	wine_stage_agent_on_console(&w);
	snprintf(collect, sizeof collect, "collect reachability %s", stage_silent_server(&w.base));
	stage_connect(&w.base, &w.console,
		      (const char *[]){"--scope", "network", "--for", "5m", "-c", collect, NULL});
	cr_assert(pty_expect(&w.base.agent, "Type allow or deny:"), "%s", w.base.agent.screen);
	pty_type(&w.base.agent, "allow\r");
	cr_assert(comes_true(collector_runs));
	cr_assert(comes_true(probe_runs));
	pty_type(&w.base.agent, "stop\r");
	cr_assert_eq(pty_wait(&w.base.agent), 14, "%s", w.base.agent.screen);
	cr_assert_eq(pty_wait(&w.console), 14, "%s", w.console.screen);
	cr_assert(comes_true(nothing_runs));
	wine_stage_record_has(&w, "Stopped here");
}

/* A picture of the question, and how many colours it has. */
static int photograph(void)
{
	char out[64] = "";

	cr_assert_eq(stage_run((const char *[]){"/usr/bin/env", w.display_name, "import", "-window",
						"root", SHOT, NULL},
			       NULL, 0),
		     0);
	cr_assert_eq(stage_run((const char *[]){"/usr/bin/identify", "-format", "%k", SHOT, NULL},
			       out, sizeof out),
		     0);
	return atoi(out);
}

/* Who clicks before the five seconds are over; it looks from before the question is there. */
static void click_too_soon(struct pty *hasty)
{
	const char *text;

	cr_assert_eq(pty_wait(hasty), 0, "%s", hasty->screen);
	text = hasty->screen;
	cr_expect(strstr(text, "Ada Lovelace (ada)"), "%s", text);
	cr_expect(strstr(text, "Acme Support"), "%s", text);
	cr_expect(strstr(text, "\"Checking the printer\""), "%s", text);
	cr_expect(strstr(text, "[x] Read the log files"), "%s", text);
	cr_expect(strstr(text, "(locked) &Allow"), "%s", text);
	cr_expect(strstr(text, "\nlocked"), "%s", text);
	pty_done(hasty);
}

Test(windows, a_whole_session_in_windows)
{
	char text[16384];
	struct pty hasty;

	wine_stage_display(&w);
	wine_stage_agent_in_windows(&w);
	wine_stage_start(
	    &w, &hasty,
	    (const char *[]){WINE_STAGE_CUSTOMER, "question", "click", "allow-now", NULL});
	stage_connect(&w.base, &w.console, scopes);
	click_too_soon(&hasty);
	cr_expect_gt(photograph(), COLORS_MIN);

	/* it did not count: the question is still there */
	cr_assert_eq(wine_stage_run(&w,
				    (const char *[]){WINE_STAGE_CUSTOMER, "click", "3", "click",
						     "allow", "wait", "may now read", "click",
						     "stop", "farewell", NULL},
				    text, sizeof text),
		     0, "%s", text);
	cr_expect(strstr(text, "open"), "%s", text);
	cr_expect(strstr(text, "You ended the session"), "%s", text);
	cr_assert_eq(pty_wait(&w.base.agent), 14, "%s", w.base.agent.screen);
	cr_assert_eq(pty_wait(&w.console), 14, "%s", w.console.screen);
	cr_assert(comes_true(nothing_runs));
	wine_stage_record_has(&w, "You allowed: system, network");
}

Test(windows, deny_in_a_window_is_a_no)
{
	char text[4096];

	wine_stage_display(&w);
	wine_stage_agent_in_windows(&w);
	stage_connect(&w.base, &w.console, scopes);
	cr_assert_eq(
	    wine_stage_run(&w,
			   (const char *[]){WINE_STAGE_CUSTOMER, "click", "deny", "farewell", NULL},
			   text, sizeof text),
	    0);
	cr_expect(strstr(text, "You said no"), "%s", text);
	cr_assert_eq(pty_wait(&w.base.agent), 10, "%s", w.base.agent.screen);
	cr_assert_eq(pty_wait(&w.console), 10, "%s", w.console.screen);
}

/* ---- a proxy that Windows knows, and that asks who is there ---- */

#define HASH_OF_SECRET "878d8014606cda29677a44efa1353fc7" /* MD4 of "secret" in UTF-16 */
#define BY_ADDRESS     2
#define BY_SCRIPT      4

static void start_proxy(const char *scheme)
{
	const char *argv[] = {ASSENT_BIN "/middlebox", "ntlm", "127.0.0.1:0", scheme, "ada",
			      HASH_OF_SECRET,	       NULL};

	cr_assert_eq(access("/usr/bin/ntlm_auth", X_OK), 0, "winbind is not installed");
	cr_assert_eq(pty_start_piped(&box, argv, NULL), 0);
	cr_assert(pty_expect(&box, "listening on "), "%s", box.screen ? box.screen : "");
	cr_assert(pty_rest_of_line(&box, box_at, sizeof box_at));
}

static void put_number(FILE *f, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		fprintf(f, "%02x,", n >> 8 * i & 0xff);
}

static void put_text(FILE *f, const char *text)
{
	put_number(f, (uint32_t)strlen(text));
	for (; *text; text++)
		fprintf(f, "%02x,", (unsigned char)*text);
}

/* As the settings of Windows write it down; before anything runs in this prefix. */
static void set_proxy(int how)
{
	char path[STAGE_PATH_MAX], script[128] = "";
	FILE *f = fopen(stage_path(&w.base, "wine/user.reg", path), "ae");

	cr_assert_neq(f, NULL);
	if (how == BY_SCRIPT)
		snprintf(script, sizeof script, "http://%s/proxy.pac", box_at);
	fputs("\n[Software\\\\Microsoft\\\\Windows\\\\CurrentVersion\\\\Internet Settings\\\\"
	      "Connections]\n\"DefaultConnectionSettings\"=hex:",
	      f);
	put_number(f, 0x46);
	put_number(f, 1);
	put_number(f, (uint32_t)how | 1);
	put_text(f, how == BY_ADDRESS ? box_at : "");
	put_text(f, "<local>");
	put_text(f, script);
	fputs("00\n", f);
	cr_assert_eq(fclose(f), 0);
}

static void remember(const char *password)
{
	char out[256];

	cr_assert_eq(wine_stage_run(&w,
				    (const char *[]){WINE_STAGE_CUSTOMER, "remember", "127.0.0.1",
						     "CORP\\ada", password, NULL},
				    out, sizeof out),
		     0, "%s", out);
}

static void only_through_proxies(void)
{
	char path[STAGE_PATH_MAX];
	FILE *f = fopen(stage_path(&w.base, "agent/agent.conf", path), "ae");

	cr_assert_neq(f, NULL);
	fputs("direct = never\nwebsocket = never\n", f);
	cr_assert_eq(fclose(f), 0);
}

static const char *explain(int expected)
{
	static char out[8192];
	char path[STAGE_PATH_MAX], config[STAGE_PATH_MAX + 8];

	snprintf(config, sizeof config, "Z:%s", stage_path(&w.base, "agent/agent.conf", path));
	cr_assert_eq(wine_stage_run(&w,
				    (const char *[]){WINE_STAGE_AGENT, "support", "--config",
						     config, "--explain", NULL},
				    out, sizeof out),
		     expected, "%s", out);
	return out;
}

Test(windows, the_persons_own_login_opens_a_proxy_that_a_script_names)
{
	char users[STAGE_PATH_MAX];

	start_proxy("NTLM");
	set_proxy(BY_SCRIPT);
	only_through_proxies();
	remember("wrong");
	cr_expect(strstr(explain(12), "does not accept the user who is logged in"));
	remember("secret");
	wine_stage_agent_on_console(&w); /* has a code, so it has reached the relay */
	cr_expect(pty_expect(&box, "ada is connected to "));
	cr_expect(
	    strstr(w.base.agent.screen, "the proxy that this computer's proxy script chooses"));
	pty_done(&w.base.agent);
	cr_expect_eq(
	    stage_run((const char *[]){"/bin/grep", "-rq", "TlRMTVNTU",
				       stage_path(&w.base, "wine/drive_c/users", users), NULL},
		      (char[64]){0}, 64),
	    1, "a token was written down");
}

Test(windows, negotiate_opens_a_proxy_of_the_settings)
{
	start_proxy("Negotiate");
	set_proxy(BY_ADDRESS);
	only_through_proxies();
	remember("secret");
	cr_expect(strstr(explain(0), "This way works."));
	cr_expect(pty_expect(&box, "ada is connected to "));
}
