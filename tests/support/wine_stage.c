/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/wine_stage.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WINE	  "/usr/bin/wine"
#define CODE_LEN  13
#define ARGS_MAX  24
#define MADE_LIKE WINE_PREFIX /* what ./run test made */

static void wineserver_end(const struct wine_stage *w)
{
	stage_run((const char *[]){"/usr/bin/env", w->prefix, "wineserver", "-k", NULL},
		  (char[64]){0}, 64); /* there may be none */
}

static void make_prefix(struct wine_stage *w)
{
	char path[STAGE_PATH_MAX];

	stage_path(&w->base, "wine", path);
	snprintf(w->prefix, sizeof w->prefix, "WINEPREFIX=%s", path);
	cr_assert_eq(
	    stage_run((const char *[]){WINE_SCRIPT, path, "--like", MADE_LIKE, NULL}, NULL, 0), 0);
}

void wine_stage_open(struct wine_stage *w)
{
	cr_assert(access(WINE_STAGE_AGENT, R_OK) == 0, "not built: ./run build windows");
	cr_assert(access(MADE_LIKE "/system.reg", R_OK) == 0,
		  "no wine prefix: ./run test makes it");
	*w = (struct wine_stage){.console.fd = -1, .display.fd = -1, .display_name = "DISPLAY="};
	stage_open(&w->base);
	make_prefix(w);
	w->env[0] = w->prefix;
	w->env[1] = w->display_name;
	w->env[2] = "WINEDEBUG=-all";
	w->env[3] = "WINEDLLOVERRIDES=winedbg.exe=d";
}

void wine_stage_done(struct wine_stage *w)
{
	pty_done(&w->console);
	wineserver_end(w);
	pty_done(&w->display);
	stage_done(&w->base);
}

/* Two that start at once may want the same number, and one gives up. */
static bool start_display(struct wine_stage *w, char number[16])
{
	static const char *const argv[] = {
	    "/bin/sh", "-c",
	    "exec Xvfb -displayfd 1 -screen 0 1024x768x24 -nolisten tcp 2>/dev/null", NULL};

	cr_assert_eq(pty_start_piped(&w->display, argv, NULL), 0);
	if (pty_expect(&w->display, "") && pty_rest_of_line(&w->display, number, 16) && number[0])
		return true;
	pty_done(&w->display);
	return false;
}

void wine_stage_display(struct wine_stage *w)
{
	char number[16];
	int tries = 10;

	while (tries > 0 && !start_display(w, number))
		tries--;
	cr_assert_gt(tries, 0, "Xvfb does not start");
	snprintf(w->display_name, sizeof w->display_name, "DISPLAY=:%s", number);
}

static void read_back(const char *path, char *out, size_t cap)
{
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(out, 1, cap - 1, f) : 0;

	out[n] = '\0';
	if (f)
		fclose(f);
}

/* What it prints goes into a file, because the first program in a prefix starts others that stay,
 * and these would keep a pipe open. */
int wine_stage_run(struct wine_stage *w, const char *const args[], char *out, size_t cap)
{
	char path[STAGE_PATH_MAX];
	const char *argv[ARGS_MAX] = {"/usr/bin/env"};
	size_t n = 1;

	for (size_t i = 0; w->env[i]; i++)
		argv[n++] = w->env[i];
	argv[n++] = "/bin/sh";
	argv[n++] = "-c";
	argv[n++] = "to=$1; shift; exec \"$@\" >\"$to\" 2>&1";
	argv[n++] = "sh";
	argv[n++] = stage_path(&w->base, "wine.out", path);
	argv[n++] = WINE;
	for (size_t i = 0; args[i] && n + 1 < ARGS_MAX; i++)
		argv[n++] = args[i];

	char nothing[8]; /* what is printed is in the file */
	int code = stage_run(argv, nothing, sizeof nothing);
	read_back(path, out, cap);
	return code;
}

void wine_stage_start(struct wine_stage *w, struct pty *p, const char *const args[])
{
	const char *argv[ARGS_MAX] = {WINE};
	size_t n = 1;

	for (size_t i = 0; args[i] && n + 1 < ARGS_MAX; i++)
		argv[n++] = args[i];
	cr_assert_eq(pty_start_piped(p, argv, w->env), 0);
}

/* ---- the agent ---- */

static const char *config_path(const struct wine_stage *w, char out[STAGE_PATH_MAX + 8])
{
	char path[STAGE_PATH_MAX];

	snprintf(out, STAGE_PATH_MAX + 8, "Z:%s", stage_path(&w->base, "agent/agent.conf", path));
	return out;
}

void wine_stage_agent_on_console(struct wine_stage *w)
{
	char config[STAGE_PATH_MAX + 8], line[64];
	const char *argv[] = {WINE, WINE_STAGE_AGENT, "--config", config_path(w, config), NULL};
	struct stage *s = &w->base;

	cr_assert_eq(pty_start(&s->agent, argv, w->env), 0);
	cr_assert(pty_expect(&s->agent, "Your code: "), "no code: %s",
		  s->agent.screen ? s->agent.screen : "");
	cr_assert(pty_rest_of_line(&s->agent, line, sizeof line));
	snprintf(s->code, sizeof s->code, "%.*s", CODE_LEN, line);
}

void wine_stage_agent_in_windows(struct wine_stage *w)
{
	char config[STAGE_PATH_MAX + 8], code[64];
	const char *argv[] = {WINE, WINE_STAGE_AGENT, "--config", config_path(w, config), NULL};

	cr_assert_eq(pty_start_piped(&w->base.agent, argv, w->env), 0);
	cr_assert_eq(wine_stage_run(w, (const char *[]){WINE_STAGE_CUSTOMER, "code", NULL}, code,
				    sizeof code),
		     0);
	snprintf(w->base.code, sizeof w->base.code, "%.*s", CODE_LEN, code);
}

/* ---- what runs ---- */

static bool is_of(const struct wine_stage *w, const char *pid, const char *name)
{
	char path[300], comm[32] = "", env[16384] = "";

	snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
	read_back(path, comm, sizeof comm);
	if (strncmp(comm, name, strlen(name)) != 0)
		return false;
	snprintf(path, sizeof path, "/proc/%.20s/environ", pid);
	read_back(path, env, sizeof env);
	return memmem(env, sizeof env, w->prefix, strlen(w->prefix) + 1) != NULL;
}

/* wine shows argv[0] to Linux. */
int wine_stage_running(const struct wine_stage *w, const char *name)
{
	DIR *proc = opendir("/proc");
	int n = 0;

	cr_assert_neq(proc, NULL);
	for (const struct dirent *e; (e = readdir(proc)) != NULL;)
		n += is_of(w, e->d_name, name);
	closedir(proc);
	return n;
}

/* ---- the record ---- */

static void last_record(struct wine_stage *w, char *id, size_t cap)
{
	char list[8192];

	cr_assert_eq(wine_stage_run(w, (const char *[]){WINE_STAGE_AGENT, "record", "list", NULL},
				    list, sizeof list),
		     0);
	for (const char *line = list; *line; line += strcspn(line, "\n") + 1) {
		if (line[0] == '2')
			snprintf(id, cap, "%.*s", (int)strcspn(line, " "), line);
		if (!strchr(line, '\n'))
			break;
	}
}

void wine_stage_record_has(struct wine_stage *w, const char *what)
{
	char id[64] = "", show[16384];

	last_record(w, id, sizeof id);
	cr_assert_eq(wine_stage_run(w,
				    (const char *[]){WINE_STAGE_AGENT, "record", "show", id, NULL},
				    show, sizeof show),
		     0, "%s: %s", id, show);
	cr_assert(strstr(show, "Ada Lovelace"), "%s", show);
	cr_assert(strstr(show, what), "%s", show);
}
