/* SPDX-License-Identifier: Apache-2.0
 *
 * Running a program of the customer's system, for sink_tool() and for the collectors that have
 * to read an answer before they can ask the next question.
 */
#ifndef AS_AGENT_COLLECT_TOOL_H
#define AS_AGENT_COLLECT_TOOL_H

#include <stdbool.h>
#include <stddef.h>

struct sink;

#define TOOL_ERRORS_MAX 4096 /* of its standard error */

/* Gets the output as it comes. A negative value stops the tool and is handed back. */
typedef int (*tool_on_output)(void *arg, const char *p, size_t n);

struct tool_result {
	bool timed_out; /* killed at its deadline; what came before has been handed on */
	bool stuck;	/* even SIGKILL did not end it in time: it hangs in the kernel */
	int status;	/* as from waitpid(), or an exit code of Windows; 0: all is well */
	size_t bytes;	/* of standard output */
	size_t errors_len;
	char errors[TOOL_ERRORS_MAX]; /* what it complained about, the first bytes; no NUL */
};

/* 0 when it ran, whatever came of it; -ENOENT when it is not installed; the callback's error. */
int tool_run(struct sink *s, const char *const argv[], tool_on_output on, void *arg,
	     struct tool_result *r);

/* The output's first cap - 1 bytes as a string. 0, or a negative error as above; AS_E_TIMEOUT,
 * AS_E_OP_FAILED when it ended otherwise than with status 0. The string is always ended. */
int tool_text(struct sink *s, const char *const argv[], char *out, size_t cap);

/* sink_tool() under the name that a sos report gives this command. */
int tool_file(struct sink *s, const char *plugin, const char *const argv[]);

/* Is it there? */
bool tool_is_installed(const char *name);

#endif
