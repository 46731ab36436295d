/* SPDX-License-Identifier: Apache-2.0
 *
 * The words after `assent-console connect`, read and checked before anything is opened or
 * sent. Pure: no files, no clock.
 */
#ifndef AS_CONSOLE_CONNECT_ARGS_H
#define AS_CONSOLE_CONNECT_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/scope.h"

#define ARGS_COMMANDS_MAX 64
#define ARGS_REASON_MAX	  200 /* PROTOCOL.md section 4, as the ticket's */
#define ARGS_TICKET_MAX	  64
#define ARGS_WHY_MAX	  256
#define ARGS_DURATION_DEF 1800 /* seconds: 30m */
#define ARGS_RESUME_DEF	  120  /* seconds */
#define ARGS_RESUME_MAX	  600
#define ARGS_BYTES_MAX	  (UINT64_C(16) << 30) /* BUNDLE_BYTES_MAX */

struct connect_args {
	const char *code, *identity, *reason; /* all strings point into argv */
	const char *relay;		      /* NULL: console.conf says */
	const char *ticket;		      /* "" when none was given */
	const char *out;		      /* folder that the bundle's folder is made in */
	const char *batch; /* file of commands, "-" for standard input, or NULL */
	const char *commands[ARGS_COMMANDS_MAX];
	size_t commands_count;
	struct scope scopes[SCOPES_MAX];
	size_t scopes_count;
	uint32_t duration_s;
	uint64_t max_bytes; /* that the agent may send in all; 0: as much as the scopes suggest */
	uint32_t resume_s;  /* how long a lost connection may stay away; 0: it is the end */
	bool explain; /* how the relay is reached, and nothing else: code and reason are not needed
		       */
	bool json, help, version;
};

/* 0, or AS_EBADMSG with one line in why. With --help or --version only that means something. */
int connect_args_parse(int argc, char **argv, struct connect_args *out, char why[ARGS_WHY_MAX]);

/* "90s", "30m", "2h"; a bare number is not accepted, because nobody agrees what it means.
 * AS_EBADMSG; AS_E_TOO_BIG above what the protocol allows (8 h). */
int duration_parse(const char *text, uint32_t *seconds);

extern const char connect_usage[];

#endif
