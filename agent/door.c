/* SPDX-License-Identifier: Apache-2.0
 *
 * The choke point. Nothing is collected except through door_on_open(), and no collected byte
 * leaves except past door_may_send(). Both ask the state machine each time anew: a right that
 * was revoked or has expired since is gone at the very next byte.
 */
#include "agent/broker_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/wire/host_path.h"

static void refuse(struct broker *b, uint32_t stream, const char *name, int err)
{
	struct record_field f[] = {
	    {.name = "name", .text = name},
	    {.name = "why", .text = err_name(err)},
	};

	broker_note(b, RECORD_REFUSED, f, 2);
	network_tell(b, IPC_REFUSE, stream, err);
}

#define LOG_ROOT "/var/log"

/* "mail.example.com, 10.0.0.7:25": one more of what the engineer chose. */
static void add(char *out, size_t cap, const char *fmt, ...) AS_PRINTF(3, 4);
static void add(char *out, size_t cap, const char *fmt, ...)
{
	size_t n = strlen(out);
	va_list ap;

	if (n > 0 && n + 2 < cap) {
		memcpy(out + n, ", ", 3);
		n += 2;
	}
	va_start(ap, fmt);
	vsnprintf(out + n, cap - n, fmt, ap);
	va_end(ap);
}

static void add_path(char *out, size_t cap, const char *root, const char *path)
{
	char whole[SCOPE_TARGET_MAX + OP_PATH_MAX + 3], text[4 * sizeof whole];

	host_path_join(root, path, strlen(path), whole, sizeof whole);
	host_path_escape(whole, text, sizeof text);
	add(out, cap, "%s", text);
}

const char *door_chosen(enum scope_kind right, const struct op_args *a, char *out, size_t cap)
{
	const char *root = right == SCOPE_LOGS ? LOG_ROOT : a->root;

	out[0] = '\0';
	if (right == SCOPE_DEVICE)
		add(out, cap, "%s", a->root);
	if (a->unit[0])
		add(out, cap, "%s", a->unit);
	for (size_t i = 0; i < a->names_count; i++)
		add(out, cap, "%s", a->names[i]);
	for (size_t i = 0; i < a->paths_count; i++)
		add_path(out, cap, root, a->paths[i]);
	if (a->glob[0])
		add(out, cap, "named %s", a->glob);
	if (a->pattern[0])
		add(out, cap, "with \"%s\"", a->pattern);
	return out;
}

static void note_opened(struct broker *b, uint32_t stream, const struct permit *permit,
			const struct ipc_open *o)
{
	char text[RECORD_VALUE_MAX], right[SCOPE_TEXT_MAX];
	const struct promise *p = permit->promise;
	struct record_field f[] = {
	    {.name = "item", .number = stream},
	    {.name = "name", .text = p->name},
	    {.name = "right", .text = scope_text(&permit->right, right)},
	    {.name = "chosen", .text = door_chosen(p->scope, &o->args, text, sizeof text)},
	};

	broker_note(b, RECORD_OPENED, f, text[0] ? 4 : 3);
}

/* The right that it needs: for files the very folder that the customer was shown. */
static void fill_permit(const struct promise *p, const struct ipc_open *o, struct permit *out)
{
	*out = (struct permit){.promise = p, .right = {.kind = p->scope}, .real = ""};
	if (p->scope == SCOPE_FILES || p->scope == SCOPE_PUT || p->scope == SCOPE_DEVICE)
		memcpy(out->right.target, o->args.root, sizeof out->right.target);
}

/* Where that folder really was when he was asked. */
static const char *find_real(const struct broker *b, const struct scope *right)
{
	for (size_t i = 0; i < b->session.granted_count && i < b->granted_known; i++)
		if (scope_is_equal(&b->session.granted[i], right))
			return b->granted_real[i];
	return "";
}

void door_on_open(struct broker *b, uint32_t stream, const uint8_t *bytes, size_t n)
{
	static struct ipc_open open;
	struct permit permit;
	struct session_event ev = {
	    .type = SESSION_EV_OPEN, .scopes = &permit.right, .scope_count = 1};

	if (ipc_open_decode(bytes, n, &open) < 0) {
		broker_fault(b, AS_E_INTERNAL);
		return;
	}

	const struct promise *p = promise_find(open.op_id);
	if (!p) {
		refuse(b, stream, "unknown", AS_E_OP_UNKNOWN);
		return;
	}
	fill_permit(p, &open, &permit);

	/* The one question. The state machine counts the item as running when it says yes. */
	struct session_effects fx = broker_event(b, &ev);
	if (!(fx.todo & SESSION_DO_OPEN)) {
		refuse(b, stream, p->name, fx.open_code != 0 ? fx.open_code : AS_E_SCOPE);
		return;
	}
	permit.real = find_real(b, &permit.right);
	note_opened(b, stream, &permit, &open);
	if (b->closing)
		return; /* what cannot be recorded is not done */

	int err = operation_start(b, stream, &permit, &open);
	if (err < 0) {
		broker_event_type(b, SESSION_EV_ITEM_DONE);
		refuse(b, stream, p->name, err == AS_E_QUOTA ? err : AS_E_OP_FAILED);
	}
}

bool door_may_send(struct broker *b, const struct scope *right, uint64_t n)
{
	if (b->closing || !session_may_send(&b->session, clock_mono_ms()))
		return false;
	if (b->bytes_max > 0 && b->bytes_sent + n > b->bytes_max)
		return false;
	for (size_t i = 0; i < b->session.granted_count; i++)
		if (scope_is_equal(&b->session.granted[i], right))
			return true;
	return false;
}
