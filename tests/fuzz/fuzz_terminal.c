/* SPDX-License-Identifier: Apache-2.0
 *
 * A device's terminal. The first byte of the input says how it is cut into pieces; a NUL in it is a
 * moment of quiet. Promises: however the bytes are cut, the same text and the same answers come
 * out; no more text than bytes; nothing before a command was typed; and it ends.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/device/terminal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ALL 65536

static void must(bool ok)
{
	if (!ok)
		abort();
}

struct heard {
	size_t len, answers;
	uint8_t text[ALL];
	uint8_t wants[ALL];
};

static int on_text(const uint8_t *p, size_t n, void *arg)
{
	struct heard *h = arg;

	must(n > 0 && n <= TERMINAL_LINE_MAX && h->len + n <= sizeof h->text);
	memcpy(h->text + h->len, p, n);
	h->len += n;
	return 0;
}

static void be_quiet(struct terminal *t, struct heard *h)
{
	enum terminal_wants w = terminal_quiet(t);

	h->wants[h->answers++] = (uint8_t)w;
	if (w == TERMINAL_DONE)
		terminal_typed(t, "show x");
}

static void play(const uint8_t *p, size_t n, size_t step, struct heard *h)
{
	static const struct catalogue c = {
	    .shell = true, .prompt = "#>", .more = {.at = {"--More--"}, .count = 1}};
	struct terminal t;

	h->len = h->answers = 0;
	terminal_begin(&t, &c, on_text, h);
	while (n > 0) {
		const uint8_t *nul = memchr(p, 0, n);
		size_t run = nul ? (size_t)(nul - p) : n, take = run < step ? run : step;

		must(terminal_feed(&t, p, take) == 0);
		must(t.len < TERMINAL_LINE_MAX);
		p += take;
		n -= take;
		if (n > 0 && *p == 0) {
			be_quiet(&t, h);
			p++;
			n--;
		}
	}
	must(terminal_end(&t) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct heard whole, cut;

	if (size == 0 || size > ALL)
		return 0;
	play(data + 1, size - 1, ALL, &whole);
	play(data + 1, size - 1, 1u + data[0] % 7u, &cut);
	must(whole.len <= size && whole.len == cut.len && whole.answers == cut.answers);
	must(memcmp(whole.text, cut.text, whole.len) == 0);
	must(memcmp(whole.wants, cut.wants, whole.answers) == 0);
	return 0;
}
