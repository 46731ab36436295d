/* SPDX-License-Identifier: Apache-2.0
 *
 * The stage of a flow test (stage.h) with the agent for Windows under wine. Each test has a prefix
 * of its own, which costs next to nothing (wine.sh --like), so that tests run side by side: a
 * wineserver, its desktop and its windows belong to a whole prefix. Every function fails the test
 * when it cannot do its part.
 *
 * Life: wine_stage_open() -> [wine_stage_display()] -> agent, customer, ... -> wine_stage_done()
 */
#ifndef AS_TESTS_WINE_STAGE_H
#define AS_TESTS_WINE_STAGE_H

#include "tests/support/stage.h"

#define WINE_STAGE_AGENT    WINDOWS_BUILD "/bin/assent-agent.exe"
#define WINE_STAGE_CUSTOMER WINDOWS_BUILD "/tests/customer.exe"
#define WINE_STAGE_CHECKS   WINDOWS_BUILD "/tests/checks.exe"
#define WINE_STAGE_ENV	    5

struct wine_stage {
	struct stage base;
	struct pty console, display;
	char prefix[STAGE_PATH_MAX + 32];    /* "WINEPREFIX=..." */
	char display_name[32];		     /* "DISPLAY=": none */
	const char *env[WINE_STAGE_ENV + 1]; /* of every program; NULL ends it */
};

void wine_stage_open(struct wine_stage *w);
void wine_stage_done(struct wine_stage *w);

/* A screen without a window manager; before anything runs under wine. */
void wine_stage_display(struct wine_stage *w);

/* Runs a Windows program to its end; the exit code, and what it printed. */
int wine_stage_run(struct wine_stage *w, const char *const args[], char *out, size_t cap);

/* The same without waiting for its end; while the agent runs. */
void wine_stage_start(struct wine_stage *w, struct pty *p, const char *const args[]);

/* Starts the agent and waits for its code. */
void wine_stage_agent_on_console(struct wine_stage *w);
void wine_stage_agent_in_windows(struct wine_stage *w);

/* How many programs of this prefix have a name that begins so. */
int wine_stage_running(const struct wine_stage *w, const char *name);

/* The customer's own record of the last session, read by the program itself, names Ada and what. */
void wine_stage_record_has(struct wine_stage *w, const char *what);

#endif
