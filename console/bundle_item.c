/* SPDX-License-Identifier: Apache-2.0
 *
 * One collector's stream: its run in the manifest, its facts and notes; its files are
 * bundle_file.c's.
 */
#include "console/bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/bundle_priv.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

struct bundle_item *bundle_item_begin(struct bundle *b, const char *collector)
{
	struct bundle_item *it = calloc(1, sizeof *it);
	struct manifest_run *run;

	if (!it || manifest_add_run(&b->m, collector, &run) < 0) {
		free(it);
		return NULL;
	}
	run->start = clock_wall_s();
	run->state = ITEM_PARTIAL;
	run->open = true;
	it->b = b;
	it->run = b->m.runs_count - 1;
	it->since_ms = clock_mono_ms();
	it->file.fd = -1;
	it->next = b->open;
	b->open = it;
	bundle_changed(b);
	return it;
}

/* ---- the stream ---- */

static int take_end(struct bundle_item *it, const struct item *rec)
{
	struct manifest_run *run = bundle_run(it);

	it->ended = true;
	run->state = rec->end.state;
	run->duration_ms = rec->end.duration_ms;
	return manifest_text(&it->b->m, &run->why, rec->end.why);
}

/* Facts and notes over their limit are dropped: no reason to give up the files. */
static int drop_surplus(int err)
{
	return err == AS_E_QUOTA ? 0 : err;
}

int bundle_item_record(struct bundle_item *it, const struct item *rec)
{
	struct manifest *m = &it->b->m;

	switch (rec->type) {
	case ITEM_FILE:
		return bundle_file_begin(it, rec);
	case ITEM_DATA:
		return it->file.open ? bundle_file_write(it, rec->data.bytes, rec->data.len)
				     : AS_EBADMSG;
	case ITEM_HOLE:
		return it->file.open ? bundle_file_hole(it, rec->hole) : AS_EBADMSG;
	case ITEM_SIZE:
		return it->file.open ? 0 : AS_EBADMSG;
	case ITEM_FILE_END:
		return bundle_file_end(it, rec);
	case ITEM_FACT:
		return drop_surplus(manifest_put_fact(m, rec->fact.key, rec->fact.value));
	case ITEM_NOTE:
		return drop_surplus(
		    manifest_add_note(m, bundle_run(it)->collector, rec->note.text));
	case ITEM_END:
		return take_end(it, rec);
	default:
		return AS_EBADMSG;
	}
}

static void unlink_item(struct bundle_item *it)
{
	struct bundle_item **at = &it->b->open;

	while (*at != it)
		at = &(*at)->next;
	*at = it->next;
}

enum item_state bundle_item_end(struct bundle_item *it, enum item_state state, const char *why)
{
	struct bundle *b = it->b;
	struct manifest_run *run = bundle_run(it);
	char text[ITEM_WHY_MAX + 1], words[128];

	while (it->file.ending && bundle_item_work(it))
		;
	if (it->file.open)
		bundle_file_close(it, ITEM_PARTIAL, why[0] ? why : "it ended in the middle");
	if (state == ITEM_OK && !it->ended) {
		state = ITEM_PARTIAL;
		why = why[0] ? why : "it ended without saying so";
	}
	if (state == ITEM_OK) {
		state = run->state;
		why = run->why;
	}
	if (it->disk_err < 0 && state == ITEM_OK) {
		snprintf(text, sizeof text, "not everything could be stored here: %s",
			 err_text(it->disk_err, words, sizeof words));
		why = text;
		state = ITEM_PARTIAL;
	}
	if (!it->ended)
		run->duration_ms = bundle_since(it->since_ms);
	run->state = state;
	run->open = false;
	if (why != run->why)
		manifest_text(&b->m, &run->why, why); /* short of memory: no words for it */
	unlink_item(it);
	free(it->file.hold);
	free(it);
	bundle_save(b); /* a failure shows in bundle_finish() */
	return state;
}

int bundle_item_disk_error(const struct bundle_item *it)
{
	return it->file.err;
}

struct bundle_item_stats bundle_item_stats(const struct bundle_item *it)
{
	return (struct bundle_item_stats){bundle_run(it)->bytes, bundle_run(it)->files};
}
