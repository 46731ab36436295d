/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/capture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define INFLATED_MAX (64u << 20)

/* Everything here may simply stop the test: there is nobody to tell. */
static void must(bool holds, const char *what)
{
	if (!holds) {
		log_error("capture", "%s", what);
		abort();
	}
}

void capture_bare(struct capture *c)
{
	memset(c, 0, sizeof *c);
	c->fd = memfd_create("stream", MFD_CLOEXEC);
	must(c->fd >= 0, "no file in memory");
}

void capture_open(struct capture *c, bool comp, uint64_t output_max, uint32_t deadline_ms)
{
	capture_bare(c);
	c->comp = comp;

	const struct sink_options o = {c->fd, comp, deadline_ms, output_max};
	must(sink_new(&c->sink, &o) == 0, "no sink");
}

/* p NULL: zeros */
static void append(struct capture *c, const void *p, size_t n)
{
	struct capture_file *f = &c->files[c->files_count - 1];

	f->text = realloc(f->text, f->n + n + 1);
	must(f->text != NULL, "no memory");
	if (p)
		memcpy(f->text + f->n, p, n);
	else
		memset(f->text + f->n, 0, n);
	f->n += n;
	f->text[f->n] = '\0';
}

/* What stands in a file and is none of its bytes. */
static void take_number(struct capture *c, const struct item *it)
{
	struct capture_file *f = &c->files[c->files_count - 1];

	if (it->type == ITEM_SIZE) {
		f->size = it->size;
		f->sized = true;
	} else if (it->type == ITEM_OFFSET) {
		f->offset = it->offset;
	} else {
		f->holes += it->hole;
		if (it->hole <= INFLATED_MAX)
			append(c, NULL, (size_t)it->hole);
	}
}

static void take_note(struct capture *c, const struct item *it)
{
	if (c->notes < CAPTURE_NOTES)
		memcpy(c->note[c->notes], it->note.text, sizeof c->note[0]);
	c->notes++;
}

static int on_item(const struct item *it, void *arg)
{
	struct capture *c = arg;

	switch (it->type) {
	case ITEM_FILE:
		must(c->files_count < CAPTURE_FILES, "too many files");
		c->files[c->files_count++].begin = *it;
		break;
	case ITEM_DATA:
		append(c, it->data.bytes, it->data.len);
		break;
	case ITEM_FILE_END:
		c->files[c->files_count - 1].end = *it;
		break;
	case ITEM_FACT:
		must(c->facts_count < CAPTURE_FACTS, "too many facts");
		c->facts[c->facts_count++] = *it;
		break;
	case ITEM_NOTE:
		take_note(c, it);
		break;
	case ITEM_SIZE:
	case ITEM_OFFSET:
	case ITEM_HOLE:
		take_number(c, it);
		break;
	case ITEM_END:
		c->end = *it;
		break;
	default:
		if (c->on_other)
			c->on_other(it, c->owner);
		break;
	}
	return 0;
}

static uint8_t *slurp(const struct capture *c, size_t *n)
{
	off_t size = lseek(c->fd, 0, SEEK_END);
	uint8_t *raw = malloc((size_t)size + 1);

	must(size >= 0 && raw && pread(c->fd, raw, (size_t)size, 0) == size, "cannot be read back");
	*n = (size_t)size;
	return raw;
}

static uint8_t *unpack(uint8_t *packed, size_t *n)
{
	uLongf size = INFLATED_MAX;
	uint8_t *raw = malloc(size);

	must(raw && uncompress(raw, &size, packed, *n) == Z_OK, "the stream cannot be unpacked");
	free(packed);
	*n = size;
	return raw;
}

void capture_read(struct capture *c)
{
	struct item_decoder d = {0};
	size_t n;

	if (c->sink)
		sink_finish(c->sink, ITEM_OK, "");

	uint8_t *raw = slurp(c, &n);
	if (c->comp)
		raw = unpack(raw, &n);
	must(item_decode(&d, raw, n, on_item, c) == 0, "the decoder refuses the stream");
	must(item_is_ended(&d), "the stream has no END");
	c->bytes = n;
	free(raw);
}

void capture_done(struct capture *c)
{
	for (size_t i = 0; i < c->files_count; i++)
		free(c->files[i].text);
	sink_free(c->sink);
	close(c->fd);
}

const struct capture_file *capture_file(const struct capture *c, const char *name)
{
	for (size_t i = 0; i < c->files_count; i++) {
		if (strcmp(c->files[i].begin.file.name, name) == 0)
			return &c->files[i];
	}
	return NULL;
}

const char *capture_fact(const struct capture *c, const char *key)
{
	for (size_t i = 0; i < c->facts_count; i++) {
		if (strcmp(c->facts[i].fact.key, key) == 0)
			return c->facts[i].fact.value;
	}
	return NULL;
}

bool capture_noted(const struct capture *c, const char *words)
{
	for (size_t i = 0; i < c->notes && i < CAPTURE_NOTES; i++) {
		if (strstr(c->note[i], words))
			return true;
	}
	return false;
}
