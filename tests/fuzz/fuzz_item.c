/* SPDX-License-Identifier: Apache-2.0
 *
 * A collector's stream from a hostile agent. Promises: it makes no difference how the bytes are
 * cut; every name stays inside the bundle; every text is clean; every record encodes again.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/wire/item.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	uint32_t sum;
	uint64_t bytes;
	bool in_file;
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void clean(const char *s, size_t limit)
{
	must(strlen(s) <= limit && text_is_clean(s, strlen(s)));
}

static void check_text(const struct item *it)
{
	switch (it->type) {
	case ITEM_FILE:
		must(item_name_check(it->file.name) == 0);
		must(it->file.name[0] != '/' && !strstr(it->file.name, "/../"));
		clean(it->file.source, ITEM_SOURCE_MAX);
		break;
	case ITEM_FILE_END:
		clean(it->file_end.why, ITEM_WHY_MAX);
		break;
	case ITEM_FACT:
		clean(it->fact.key, ITEM_KEY_MAX);
		clean(it->fact.value, ITEM_VALUE_MAX);
		break;
	case ITEM_NOTE:
		clean(it->note.text, ITEM_WHY_MAX);
		break;
	case ITEM_END:
		clean(it->end.why, ITEM_WHY_MAX);
		break;
	case ITEM_SOURCE:
		clean(it->source.name, ITEM_SOURCE_MAX);
		break;
	case ITEM_LINE:
		must(it->line.len <= ITEM_LINE_MAX);
		break;
	case ITEM_ROW:
		clean(it->row.name, ITEM_ROW_NAME_MAX);
		clean(it->row.detail, ITEM_ROW_DETAIL_MAX);
		must(it->row.count <= ITEM_ROW_VALUES_MAX);
		break;
	case ITEM_ENTRY:
		clean(it->entry.owner, ITEM_OWNER_MAX);
		clean(it->entry.group, ITEM_OWNER_MAX);
		must(it->entry.name_len > 0 && it->entry.name_len <= ITEM_PATH_MAX &&
		     it->entry.target_len <= ITEM_LINK_MAX);
		break;
	default:
		break;
	}
}

static int on_item(const struct item *it, void *arg)
{
	struct run *r = arg;
	static uint8_t buf[ITEM_LONG_MAX];

	if (it->type == ITEM_PACKED) {
		must(r->in_file && it->packed.len > 0);
		for (size_t i = 0; i < it->packed.len; i++)
			r->sum = r->sum * 31 + it->packed.bytes[i];
		r->bytes += it->packed.len;
		return 0;
	}
	if (it->type == ITEM_DATA) {
		must(r->in_file && it->data.len > 0);
		for (size_t i = 0; i < it->data.len; i++)
			r->sum = r->sum * 31 + it->data.bytes[i];
		r->bytes += it->data.len;
		return 0;
	}
	if (it->type == ITEM_HOLE || it->type == ITEM_SIZE || it->type == ITEM_OFFSET)
		must(r->in_file);
	if (it->type == ITEM_FILE || it->type == ITEM_FILE_END)
		r->in_file = it->type == ITEM_FILE;
	check_text(it);

	int n = item_encode(it, buf, sizeof buf);
	must(n > 0);
	for (int i = 0; i < n; i++)
		r->sum = r->sum * 31 + buf[i];
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct item_decoder whole = {0}, cut = {0};
	struct run a = {0}, b = {0};
	int err_a = item_decode(&whole, data, size, on_item, &a), err_b = 0;

	for (size_t i = 0; i < size && err_b == 0; i++)
		err_b = item_decode(&cut, data + i, 1, on_item, &b);
	must(err_a == err_b && a.sum == b.sum && a.bytes == b.bytes);
	must(item_is_ended(&whole) == item_is_ended(&cut));
	return 0;
}
