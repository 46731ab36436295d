/* SPDX-License-Identifier: Apache-2.0
 *
 * Catalogue files. Promises: a catalogue that is taken is whole and within its limits, what would
 * be typed at a device is one line of plain ASCII, and one that is refused leaves nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/device/catalogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void must_be_line(const char *s, size_t max)
{
	size_t n = strlen(s);

	must(n > 0 && n <= max);
	for (size_t i = 0; i < n; i++)
		must(s[i] >= ' ' && s[i] <= '~');
}

static void must_be_words(const struct catalogue_words *w)
{
	must(w->count <= CATALOGUE_WORDS_MAX);
	for (size_t i = 0; i < w->count; i++)
		must_be_line(w->at[i], CATALOGUE_WORD_LEN);
}

static void must_be_good(const struct catalogue *c)
{
	bool config = false;

	must_be_line(c->about, CATALOGUE_ABOUT_LEN);
	must(c->count > 0 && c->count <= CATALOGUE_COMMANDS_MAX);
	must(c->shell == (c->prompt[0] != '\0'));
	must_be_words(&c->banner);
	must_be_words(&c->more);
	must_be_words(&c->refused);
	must_be_words(&c->setup);
	for (size_t i = 0; i < c->count; i++) {
		const struct catalogue_command *k = &c->commands[i];

		must_be_line(k->text, CATALOGUE_COMMAND_LEN);
		must(k->time_s > 0 && k->time_s <= CATALOGUE_TIME_MAX_S);
		must(k->size_kib > 0 && k->size_kib <= CATALOGUE_SIZE_MAX);
		must(k->config || !config); /* those with secrets stand at the end */
		config = k->config;
	}
	must(catalogue_size(c, true) == c->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct catalogue c, before;
	char banner[65];
	int line = -1;

	memset(&c, 0x55, sizeof c);
	before = c;
	if (catalogue_parse((const char *)data, size, &c, &line) < 0) {
		must(memcmp(&c, &before, sizeof c) == 0);
		return 0;
	}
	must_be_good(&c);
	size = size < sizeof banner ? size : sizeof banner - 1;
	memcpy(banner, data, size);
	banner[size] = '\0';
	(void)catalogue_fits(&c, banner);
	(void)catalogue_refused(&c, banner);
	return 0;
}
