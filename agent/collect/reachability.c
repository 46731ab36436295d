/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether this computer gets to the support relay and to the names the engineer asks about.
 * The network is spoken to by assent-probe, a process without rights; here is only its output.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>

#include "agent/collect/collect.h"
#include "agent/collect/probe.h"
#include "agent/collect/sink.h"
#include "proto/base/err.h"

#define OUTPUT_MAX (384u << 10) /* what nine full reports of the probe may take */

#define FILE_NAME "sos_commands/networking/assent_reachability"

static void facts(struct sink *s, const char *text)
{
	struct probe_block b;
	char key[ITEM_KEY_MAX];
	unsigned n = 0;

	while (probe_next(&text, &b)) {
		snprintf(key, sizeof(key), "reach.%u", ++n);
		sink_fact(s, key, "%s: %s", b.title, b.result);
	}
}

/* Our own failures; what the probe found is its output. */
static int end_file(struct sink *s, int err)
{
	char why[ITEM_WHY_MAX + 1];

	if (err == 0)
		return sink_file_end(s, ITEM_OK, false, "");
	if (err == AS_E_TIMEOUT)
		return sink_file_end(s, ITEM_TIMEOUT, false, "the probe did not end in time");
	return sink_file_end(s, ITEM_FAILED, false, err_text(err, why, sizeof(why)));
}

int collect_reachability(struct sink *s, const struct collect_args *args)
{
	const char *argv[OP_NAMES_MAX + 5];
	size_t n = 0;
	char *text = malloc(OUTPUT_MAX);

	if (!text)
		return -ENOMEM;
	argv[n++] = "reach";
	if (args->relay[0]) {
		argv[n++] = "--relay";
		argv[n++] = args->relay;
	}
	argv[n++] = "--";
	for (size_t i = 0; i < args->op.names_count; i++)
		argv[n++] = args->op.names[i];
	argv[n] = NULL;

	sink_file_begin(s, FILE_NAME, ITEM_FROM_COMMAND, "assent-probe reach");
	int err = 0;
	text[0] = '\0';
	if (!args->relay[0] && args->op.names_count == 0)
		sink_printf(s, "no relay is configured and no name was asked about\n");
	else
		err = probe_text(s, argv, text, OUTPUT_MAX);
	sink_write(s, text, strlen(text));
	err = end_file(s, err);
	facts(s, text);
	free(text);
	return err;
}
