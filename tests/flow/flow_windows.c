/* SPDX-License-Identifier: Apache-2.0
 *
 * The agent for Windows under wine, with the relay and the console of Linux: the whole session on a
 * console and in windows, what each collector brings, stop. The customer types on a
 * pseudo-terminal, or clicks (tests/support/customer_win.c). Nobody skips the five seconds here.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/stage.h"

#define WINE	   "/usr/bin/wine"
#define AGENT_EXE  WINDOWS_BUILD "/bin/assent-agent.exe"
#define CUSTOMER   WINDOWS_BUILD "/tests/customer.exe"
#define CHECKS	   WINDOWS_BUILD "/tests/checks.exe"
#define CODE_LEN   13
#define GONE_MS	   60000
#define PATH_ROOM  1024
#define SHOT	   WINE_PREFIX "-question.png"
#define COLORS_MIN 12 /* an empty screen has one */

static struct stage st;
static struct pty console, display;
static char display_name[32];

static void wineserver_end(void)
{
	stage_run(
	    (const char *[]){"/usr/bin/env", "WINEPREFIX=" WINE_PREFIX, "wineserver", "-k", NULL},
	    (char[64]){0}, 64);
}

static void open_stage(void)
{
	cr_assert(access(AGENT_EXE, R_OK) == 0, "not built: ./run build windows");
	cr_assert(access(WINE_PREFIX "/system.reg", R_OK) == 0,
		  "no wine prefix: ./run test makes it");
	console = (struct pty){.fd = -1};
	display = (struct pty){.fd = -1};
	wineserver_end(); /* one that was left over has another desktop */
	stage_open(&st);
}

static void close_stage(void)
{
	pty_done(&console);
	wineserver_end();
	pty_done(&display);
	stage_done(&st);
}

TestSuite(windows, .init = open_stage, .fini = close_stage);

/* ---- programs under wine ---- */

static const char *const plain_env[] = {"WINEPREFIX=" WINE_PREFIX, "WINEDEBUG=-all",
					"WINEDLLOVERRIDES=winedbg.exe=d", "DISPLAY=", NULL};

static void read_back(const char *path, char *out, size_t cap)
{
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(out, 1, cap - 1, f) : 0;

	out[n] = '\0';
	if (f)
		fclose(f);
}

/* Runs to its end; the exit code, and what it printed. That goes into a file, because the first
 * program in a prefix starts others that stay, and these would keep a pipe open. */
static int wine(const char *const args[], char *out, size_t cap)
{
	char path[STAGE_PATH_MAX];
	const char *argv[24] = {"/usr/bin/env",
				plain_env[0],
				plain_env[1],
				plain_env[2],
				display_name[0] ? display_name : "DISPLAY=",
				"/bin/sh",
				"-c",
				"to=$1; shift; exec \"$@\" >\"$to\" 2>&1",
				"sh",
				stage_path(&st, "wine.out", path),
				WINE};
	size_t n = 11;

	for (size_t i = 0; args[i] && n < 23; i++)
		argv[n++] = args[i];

	int code = stage_run(argv, NULL, 0);
	read_back(path, out, cap);
	return code;
}

static const char *config_path(char out[STAGE_PATH_MAX + 8])
{
	char path[STAGE_PATH_MAX];

	snprintf(out, STAGE_PATH_MAX + 8, "Z:%s", stage_path(&st, "agent/agent.conf", path));
	return out;
}

static void agent_on_console(void)
{
	char config[STAGE_PATH_MAX + 8], line[64];
	const char *argv[] = {WINE, AGENT_EXE, "--config", config_path(config), NULL};

	cr_assert_eq(pty_start(&st.agent, argv, plain_env), 0);
	cr_assert(pty_expect(&st.agent, "Your code: "), "no code: %s",
		  st.agent.screen ? st.agent.screen : "");
	cr_assert(pty_rest_of_line(&st.agent, line, sizeof line));
	snprintf(st.code, sizeof st.code, "%.*s", CODE_LEN, line);
}

static void agent_in_windows(void)
{
	char config[STAGE_PATH_MAX + 8], code[64];
	const char *const env[] = {plain_env[0], plain_env[1], plain_env[2], display_name, NULL};
	const char *argv[] = {WINE, AGENT_EXE, "--config", config_path(config), NULL};

	cr_assert_eq(pty_start_piped(&st.agent, argv, env), 0);
	cr_assert_eq(wine((const char *[]){CUSTOMER, "code", NULL}, code, sizeof code), 0);
	snprintf(st.code, sizeof st.code, "%.*s", CODE_LEN, code);
}

static void open_display(void)
{
	static const char *const argv[] = {"/usr/bin/Xvfb", "-displayfd", "1",	 "-screen", "0",
					   "1024x768x24",   "-nolisten",  "tcp", NULL};
	char number[16];

	cr_assert_eq(pty_start_piped(&display, argv, NULL), 0);
	cr_assert(pty_expect(&display, ""));
	cr_assert(pty_rest_of_line(&display, number, sizeof number));
	snprintf(display_name, sizeof display_name, "DISPLAY=:%s", number);
}

/* How many of our programs of that name run in this prefix; wine shows argv[0] to Linux. */
static int running(const char *name)
{
	DIR *proc = opendir("/proc");
	int n = 0;

	cr_assert_neq(proc, NULL);
	for (const struct dirent *e; (e = readdir(proc)) != NULL;) {
		char path[300], comm[32] = "", env[16384] = "";

		snprintf(path, sizeof path, "/proc/%.20s/comm", e->d_name);
		FILE *f = fopen(path, "re");
		if (!f)
			continue;
		if (!fgets(comm, sizeof comm, f))
			comm[0] = '\0';
		fclose(f);
		if (strncmp(comm, name, strlen(name)) != 0)
			continue;
		snprintf(path, sizeof path, "/proc/%.20s/environ", e->d_name);
		f = fopen(path, "re");
		size_t got = f ? fread(env, 1, sizeof env - 1, f) : 0;
		if (f)
			fclose(f);
		n += memmem(env, got, plain_env[0], strlen(plain_env[0])) != NULL;
	}
	closedir(proc);
	return n;
}

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
	return running("assent-collect") > 0;
}

static bool probe_runs(void)
{
	return running("assent-probe") > 0;
}

static bool nothing_runs(void)
{
	return running("assent-") == 0;
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

/* The customer's own record of the last session, read by the program itself. */
static void check_record(const char *what)
{
	char list[8192], id[64] = "", show[16384];

	cr_assert_eq(wine((const char *[]){AGENT_EXE, "record", "list", NULL}, list, sizeof list),
		     0);
	for (const char *line = list; *line; line += strcspn(line, "\n") + 1) {
		if (line[0] == '2')
			snprintf(id, sizeof id, "%.*s", (int)strcspn(line, " "), line);
		if (!strchr(line, '\n'))
			break;
	}
	cr_assert_eq(
	    wine((const char *[]){AGENT_EXE, "record", "show", id, NULL}, show, sizeof show), 0,
	    "%s: %s", id, show);
	cr_assert(strstr(show, "Ada Lovelace"), "%s", show);
	cr_assert(strstr(show, what), "%s", show);
}

static const char *const scopes[] = {"--scope", "system", "--scope",	  "network", "--scope",
				     "logs",	"-c",	  "collect full", NULL};

Test(windows, the_system_layer_keeps_its_promises)
{
	char out[8192];

	cr_assert_eq(wine((const char *[]){CHECKS, NULL}, out, sizeof out), 0, "%s", out);
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

	agent_on_console();
	stage_connect(&st, &console, scopes);
	cr_assert(pty_expect(&st.agent, "Did YOU ask for help?"), "%s", st.agent.screen);
	cr_assert(strstr(st.agent.screen, "Checking the printer"), "%s", st.agent.screen);
	cr_assert(pty_expect(&st.agent, "Type allow or deny:"), "%s", st.agent.screen);
	pty_type(&st.agent, "3\r"); /* no logs */
	cr_assert(pty_expect(&st.agent, "[ ]  3"), "%s", st.agent.screen);
	pty_type(&st.agent, "allow\r");
	cr_assert_eq(pty_wait(&console), 0, "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);

	for (size_t i = 0; i < sizeof works / sizeof works[0]; i++)
		cr_expect(item_is(console.screen, works[i], "ok"), "%s: %s", works[i],
			  console.screen);
	stage_bundle(&st, bundle);
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
	check_record("You allowed: system, network");
}

Test(windows, stop_on_a_console_ends_collector_and_tool)
{
	char collect[128];

	agent_on_console();
	snprintf(collect, sizeof collect, "collect reachability %s", stage_silent_server(&st));
	stage_connect(&st, &console,
		      (const char *[]){"--scope", "network", "--for", "5m", "-c", collect, NULL});
	cr_assert(pty_expect(&st.agent, "Type allow or deny:"), "%s", st.agent.screen);
	pty_type(&st.agent, "allow\r");
	cr_assert(comes_true(collector_runs));
	cr_assert(comes_true(probe_runs));
	pty_type(&st.agent, "stop\r");
	cr_assert_eq(pty_wait(&st.agent), 14, "%s", st.agent.screen);
	cr_assert_eq(pty_wait(&console), 14, "%s", console.screen);
	cr_assert(comes_true(nothing_runs));
	check_record("Stopped here");
}

/* A picture of the question, and how many colours it has. */
static int photograph(void)
{
	char out[64] = "";

	cr_assert_eq(stage_run((const char *[]){"/usr/bin/env", display_name, "import", "-window",
						"root", SHOT, NULL},
			       NULL, 0),
		     0);
	cr_assert_eq(stage_run((const char *[]){"/usr/bin/identify", "-format", "%k", SHOT, NULL},
			       out, sizeof out),
		     0);
	return atoi(out);
}

Test(windows, a_whole_session_in_windows)
{
	char text[16384];

	open_display();
	agent_in_windows();
	stage_connect(&st, &console, scopes);
	cr_assert_eq(wine((const char *[]){CUSTOMER, "question", NULL}, text, sizeof text), 0);
	cr_expect(strstr(text, "Ada Lovelace (ada)"), "%s", text);
	cr_expect(strstr(text, "Acme Support"), "%s", text);
	cr_expect(strstr(text, "\"Checking the printer\""), "%s", text);
	cr_expect(strstr(text, "[x] Read the log files"), "%s", text);
	cr_expect(strstr(text, "(locked) &Allow"), "%s", text);
	cr_expect_gt(photograph(), COLORS_MIN);

	/* a click on the locked button does not count; the question stays */
	cr_assert_eq(
	    wine((const char *[]){CUSTOMER, "click", "allow-now", NULL}, text, sizeof text), 0);
	cr_expect(strstr(text, "locked"), "%s", text);
	cr_assert_eq(wine((const char *[]){CUSTOMER, "click", "3", NULL}, text, sizeof text), 0);
	cr_assert_eq(wine((const char *[]){CUSTOMER, "click", "allow", NULL}, text, sizeof text),
		     0);
	cr_expect(strstr(text, "open"), "%s", text);
	cr_assert_eq(
	    wine((const char *[]){CUSTOMER, "wait", "may now read", NULL}, text, sizeof text), 0);
	cr_assert_eq(wine((const char *[]){CUSTOMER, "click", "stop", NULL}, text, sizeof text), 0);
	cr_assert_eq(wine((const char *[]){CUSTOMER, "farewell", NULL}, text, sizeof text), 0);
	cr_expect(strstr(text, "You ended the session"), "%s", text);
	cr_assert_eq(pty_wait(&st.agent), 14, "%s", st.agent.screen);
	cr_assert_eq(pty_wait(&console), 14, "%s", console.screen);
	cr_assert(comes_true(nothing_runs));
	check_record("You allowed: system, network");
}

Test(windows, deny_in_a_window_is_a_no)
{
	char text[4096];

	open_display();
	agent_in_windows();
	stage_connect(&st, &console, scopes);
	cr_assert_eq(wine((const char *[]){CUSTOMER, "click", "deny", NULL}, text, sizeof text), 0);
	cr_assert_eq(wine((const char *[]){CUSTOMER, "farewell", NULL}, text, sizeof text), 0);
	cr_expect(strstr(text, "You said no"), "%s", text);
	cr_assert_eq(pty_wait(&st.agent), 10, "%s", st.agent.screen);
	cr_assert_eq(pty_wait(&console), 10, "%s", console.screen);
}
