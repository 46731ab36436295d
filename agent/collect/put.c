/* SPDX-License-Identifier: Apache-2.0
 *
 * put: one new file into the folder that the customer named. It has no name until all of it is
 * there and is what the engineer sent; then it gets one that nothing else has (draft.h).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/collect.h"
#include "agent/collect/draft.h"
#include "agent/collect/sink.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

#define CHUNK 65536

struct incoming {
	struct sink *out;
	struct draft draft;
	uint64_t size;
};

/* A name that is seen as it is, on every system, and is never hidden. */
static bool is_good_name(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= 200 && text_is_clean(name, n) && !strpbrk(name, "/\\\\:*?\"<>|") &&
	       name[0] != '.' && name[0] != '-' && name[0] != '~' && name[n - 1] != '.' &&
	       name[n - 1] != ' ';
}

static int fail(struct incoming *in, enum item_state state, const char *fmt, ...) AS_PRINTF(3, 4);
static int fail(struct incoming *in, enum item_state state, const char *fmt, ...)
{
	char text[ITEM_WHY_MAX + 1];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);

	int err = sink_note(in->out, "%s", text);
	return err < 0 ? err : (int)state;
}

/* ---- what comes ---- */

static int write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t did = write(fd, p, n);

		if (did < 0 && errno == EINTR)
			continue;
		if (did < 0)
			return -errno;
		p += did;
		n -= (size_t)did;
	}
	return 0;
}

/* Exactly size bytes, then the broker's word that they are what was sent. */
static int take_all(struct incoming *in)
{
	uint8_t chunk[CHUNK], mark = 0;
	uint64_t left = in->size;

	while (left > 0) {
		size_t want = left < sizeof chunk ? (size_t)left : sizeof chunk;
		ssize_t n = read(STDIN_FILENO, chunk, want);
		int err;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : AS_ESHORT;
		err = write_all(in->draft.fd, chunk, (size_t)n);
		if (err < 0)
			return err;
		left -= (uint64_t)n;
	}
	while (read(STDIN_FILENO, &mark, 1) < 0 && errno == EINTR)
		;
	return mark == COLLECT_INPUT_WHOLE ? 0 : AS_ESHORT;
}

static int receive(struct incoming *in)
{
	char name[TEXT_ESCAPE_ROOM(NAME_MAX)];
	int err = draft_make(&in->draft);

	text_escape(in->draft.name, strlen(in->draft.name), name, sizeof name);
	if (err == 0)
		err = take_all(in);
	if (err == 0)
		err = draft_publish(&in->draft);
	if (err < 0)
		draft_discard(&in->draft);
	if (err == 0)
		return sink_note(in->out, "stored as %s", name);
	if (err == -EEXIST)
		return fail(in, ITEM_FAILED, "%s is there already, and nothing is replaced", name);
	if (err == -ENOEXEC)
		return fail(in, ITEM_FAILED, "%s would be a program or a script, and none is taken",
			    name);
	if (err == AS_ESHORT)
		return fail(in, ITEM_PARTIAL, "%s did not arrive whole; nothing of it is kept",
			    name);
	return fail(in, ITEM_FAILED, "it cannot be written: %s", strerror(-err));
}

int collect_put(struct sink *out, const struct collect_args *args)
{
	struct incoming in = {.out = out, .size = args->op.size_min};
	int err;

	if (args->op.paths_count != 1 || !is_good_name(args->op.paths[0]))
		return fail(&in, ITEM_FAILED,
			    "a new file needs a plain name, without folders, and not a hidden one");
	err = draft_open(args, &in.draft);
	if (err < 0)
		return fail(&in, ITEM_FAILED, "the folder cannot be opened: %s", strerror(-err));
	err = draft_has_room(&in.draft, in.size)
		  ? receive(&in)
		  : fail(&in, ITEM_FAILED, "there is not enough room on the customer's disk");
	draft_close(&in.draft);
	return err;
}
