/* SPDX-License-Identifier: Apache-2.0
 *
 * The catalogues that are installed with the agent, and what the customer is told about them.
 */
#include "agent/visit_priv.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"

#define PAGE_MAX 32768 /* all lists together */

static const char *const types[] = {
#define X(name) name,
    CATALOGUE_MAP(X)
#undef X
};
#define TYPE_COUNT (sizeof types / sizeof types[0])

int visit_load(const char *type, char text[CATALOGUE_TEXT_MAX], size_t *len, struct catalogue *out)
{
	char name[DEVICE_TYPE_MAX + 32], path[BROKER_PATH_MAX];
	int line;

	if (!device_type_is_plain(type))
		return AS_EUNAVAIL;
	snprintf(name, sizeof name, "devices/%s.conf", type);
	if (plat_data(name, path, sizeof path) < 0 ||
	    plat_private_read(path, CATALOGUE_TEXT_MAX, text, len) < 0 ||
	    catalogue_parse(text, *len, out, &line) < 0)
		return AS_EUNAVAIL;
	return 0;
}

static int load(const char *type, struct catalogue *out)
{
	static char text[CATALOGUE_TEXT_MAX];
	size_t len;

	return visit_load(type, text, &len, out);
}

const char *visit_type_for(const char *banner)
{
	static struct catalogue c;

	for (size_t i = 0; i + 1 < TYPE_COUNT; i++)
		if (load(types[i], &c) == 0 && catalogue_fits(&c, banner))
			return types[i];
	return types[TYPE_COUNT - 1];
}

void visits_describe(struct consent *c)
{
	static struct catalogue list;
	struct device d;

	for (size_t i = 0; i < c->asked_count; i++) {
		struct consent_device *to = &c->devices[i];

		*to = (struct consent_device){0};
		if (c->asked[i].kind != SCOPE_DEVICE || device_parse(c->asked[i].target, &d) < 0 ||
		    !d.type[0] || load(d.type, &list) < 0)
			continue;
		to->commands = (unsigned)catalogue_size(&list, d.config);
		to->config = d.config ? to->commands - (unsigned)catalogue_size(&list, false) : 0;
		snprintf(to->about, sizeof to->about, "%s", list.about);
	}
}

size_t visit_print(const struct catalogue *c, const char *type, bool config, char *out, size_t cap)
{
	size_t n = (size_t)snprintf(out, cap, "%s, list %s, %zu commands:\n", c->about, type,
				    catalogue_size(c, config));

	for (size_t i = 0; i < c->count && n < cap; i++)
		if (config || !c->commands[i].config)
			n += (size_t)snprintf(out + n, cap - n, "    %s%s\n", c->commands[i].text,
					      c->commands[i].config ? "   (shows secrets)" : "");
	return n < cap ? n : cap - 1;
}

void visits_list(struct broker *b, const struct scope *s)
{
	static char page[PAGE_MAX];
	static struct catalogue c;
	struct device d;
	size_t n = 0;

	if (s->kind != SCOPE_DEVICE || device_parse(s->target, &d) < 0) {
		ui_page(b->ui,
			"There is no list for this line; lines that name a device have one.\n");
		return;
	}
	for (size_t i = 0; i < TYPE_COUNT && !d.type[0]; i++)
		if (load(types[i], &c) == 0)
			n += visit_print(&c, types[i], d.config, page + n, sizeof page - n);
	if (d.type[0] && load(d.type, &c) == 0)
		n = visit_print(&c, d.type, d.config, page, sizeof page);
	ui_page(b->ui, n > 0
			   ? page
			   : "No such list is installed, so nothing will be run on this device.\n");
}

/* ---- where the output goes ---- */

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '-' || c == '_';
}

const char *visit_folder(const struct broker *b, const char *target, char out[VISIT_FOLDER_MAX])
{
	struct device d = {0}, other;
	bool same_host = false, same_port = false;
	size_t n;

	device_parse(target, &d);
	for (size_t i = 0; i < b->session.granted_count; i++) {
		const struct scope *s = &b->session.granted[i];

		if (s->kind != SCOPE_DEVICE || strcmp(s->target, target) == 0 ||
		    device_parse(s->target, &other) < 0 || strcmp(other.host, d.host) != 0)
			continue;
		same_host = true;
		same_port = same_port || other.port == d.port;
	}
	n = (size_t)snprintf(out, VISIT_FOLDER_MAX, "devices/%s", d.host);
	for (size_t i = 8; i < n; i++)
		if (!is_plain(out[i]))
			out[i] = '_'; /* of an IPv6 address */
	if (same_host)
		n += (size_t)snprintf(out + n, VISIT_FOLDER_MAX - n, "_%u", d.port);
	if (same_port)
		snprintf(out + n, VISIT_FOLDER_MAX - n, "_%s", d.user);
	return out;
}
