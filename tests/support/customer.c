/* SPDX-License-Identifier: Apache-2.0
 *
 * The customer of `./run demo --yes`: starts the agent on a pseudo-terminal, shows what it
 * shows, writes the code to a file for the console, and types the answers. It is a test
 * tool; the agent does not know it.
 *
 * usage: customer CODEFILE AGENT [ARGUMENT...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/pty.h"

static int fail(struct pty *p, const char *what)
{
	fprintf(stderr, "customer: %s\n", what);
	pty_done(p);
	return 1;
}

/* Written beside it and renamed, so that a reader never sees half a code. */
static int put_code(const char *path, const char *code)
{
	char temp[4096];
	snprintf(temp, sizeof temp, "%s.new", path);

	FILE *f = fopen(temp, "w");
	if (!f)
		return -1;
	fprintf(f, "%s\n", code);
	return fclose(f) == 0 ? rename(temp, path) : -1;
}

int main(int argc, char **argv)
{
	struct pty p;
	char code[64];

	if (argc < 3) {
		fprintf(stderr, "usage: customer CODEFILE AGENT [ARGUMENT...]\n");
		return 2;
	}
	if (pty_start(&p, (const char *const *)argv + 2, NULL) < 0)
		return 1;
	p.echo = true;
	if (!pty_expect(&p, "Your code: ") || !pty_rest_of_line(&p, code, sizeof code))
		return fail(&p, "the agent showed no code");
	if (put_code(argv[1], code) < 0)
		return fail(&p, "the code could not be written");
	if (!pty_expect(&p, "Type allow or deny: ") || pty_type(&p, "allow\n") < 0)
		return fail(&p, "the agent did not ask");

	int status = pty_wait(&p);
	pty_done(&p);
	return status;
}
