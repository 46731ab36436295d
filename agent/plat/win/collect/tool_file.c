/* SPDX-License-Identifier: Apache-2.0
 *
 * What a tool prints, into the bundle: out of the code page of consoles into UTF-8, with the line
 * ends of the rest of the bundle.
 */
#include "agent/collect/tool.h"
#include "agent/plat/win/win.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/collect/sink.h"
#include "proto/base/err.h"

#define PIECE 4096

struct page {
	struct sink *s;
	char held[PIECE]; /* the beginning of a line */
	size_t len;
};

/* Whole lines, so that no character of several bytes is cut. */
static int write_piece(struct page *p, size_t n)
{
	wchar_t wide[PIECE];
	char utf8[3 * PIECE];
	int chars = MultiByteToWideChar(CP_OEMCP, 0, p->held, (int)n, wide, PIECE), len = 0;

	for (int i = 0; i < chars; i++)
		if (wide[i] != L'\r')
			wide[len++] = wide[i];
	len = WideCharToMultiByte(CP_UTF8, 0, wide, len, utf8, sizeof utf8, NULL, NULL);
	p->len -= n;
	memmove(p->held, p->held + n, p->len);
	return sink_write(p->s, utf8, (size_t)(len > 0 ? len : 0));
}

static size_t whole_lines(const struct page *p)
{
	size_t n = p->len;

	while (n > 0 && p->held[n - 1] != '\n')
		n--;
	return n > 0 ? n : p->len == PIECE ? PIECE : 0;
}

static int on_output(void *arg, const char *bytes, size_t n)
{
	struct page *p = arg;
	int err = 0;

	while (n > 0 && err == 0) {
		size_t take = sizeof p->held - p->len;

		if (take > n)
			take = n;
		memcpy(p->held + p->len, bytes, take);
		p->len += take;
		bytes += take;
		n -= take;
		if (whole_lines(p) > 0)
			err = write_piece(p, whole_lines(p));
	}
	return err;
}

static int close_tool(struct sink *s, const struct tool_result *r)
{
	char why[ITEM_WHY_MAX + 1];

	if (r->timed_out)
		return sink_file_end(s, ITEM_TIMEOUT, false, "did not end in time");
	if (r->status == ERROR_ACCESS_DENIED)
		return sink_file_end(s, r->bytes ? ITEM_PARTIAL : ITEM_UNAVAILABLE, false,
				     "needs administrator rights");
	if (r->status != 0) {
		snprintf(why, sizeof why, "exit status %d", r->status);
		return sink_file_end(s, r->bytes ? ITEM_OK : ITEM_FAILED, false, why);
	}
	return sink_file_end(s, ITEM_OK, false, r->bytes ? "" : "printed nothing");
}

int sink_tool(struct sink *s, const char *name, const char *const argv[])
{
	char source[ITEM_SOURCE_MAX + 1] = "";
	struct page p = {.s = s};
	struct tool_result r;
	size_t len = 0;

	for (size_t i = 0; argv[i] && len < sizeof source; i++)
		len += (size_t)snprintf(source + len, sizeof source - len, "%s%s", i ? " " : "",
					argv[i]);
	int err = sink_file_begin(s, name, ITEM_FROM_COMMAND, source);
	if (err < 0)
		return err;
	err = tool_run(s, argv, on_output, &p, &r);
	if (err == -ENOENT) {
		snprintf(source, sizeof source, "%s is not installed", argv[0]);
		return sink_file_end(s, ITEM_UNAVAILABLE, false, source);
	}
	if (err < 0) {
		err_text(err, source, sizeof source);
		return sink_file_end(s, ITEM_FAILED, false, source);
	}
	on_output(&p, r.errors, r.errors_len);
	if (p.len > 0)
		write_piece(&p, p.len);
	return close_tool(s, &r);
}
