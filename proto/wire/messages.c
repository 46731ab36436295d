/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/messages.h"

#include <pb_decode.h>
#include <pb_encode.h>
#include <stdbool.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"

static bool clean(const char *s)
{
	return text_is_clean(s, strlen(s));
}

static bool filled(const char *s)
{
	return s[0] != '\0' && clean(s);
}

static bool hello_ok(const void *v)
{
	const as_Hello *m = v;

	return m->ver_min > 0 && m->ver_min <= m->ver_max && m->has_limits &&
	       m->limits.max_streams > 0 && m->limits.max_streams <= MSG_STREAMS_MAX &&
	       clean(m->product) && clean(m->os);
}

static bool scopes_ok(const as_Scope *scopes, size_t n,
		      int (*read)(const as_Scope *, struct scope *))
{
	struct scope all[SCOPES_MAX];

	if (n == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (read(&scopes[i], &all[i]) < 0)
			return false;
		for (size_t j = 0; j < i; j++)
			if (scope_is_equal(&all[i], &all[j]))
				return false;
	}
	return true;
}

static bool request_body_ok(const void *v)
{
	const as_RequestBody *m = v;

	return m->version == MSG_BODY_VERSION && filled(m->engineer_id) &&
	       filled(m->organisation) && filled(m->engineer_name) && clean(m->ticket) &&
	       filled(m->reason) && m->duration_s > 0 && m->duration_s <= MSG_DURATION_MAX_S &&
	       clean(m->via_gateway) && clean(m->console_build) &&
	       (m->grant_id.size == 0 || m->grant_id.size == 16) &&
	       scopes_ok(m->scopes, m->scopes_count, msg_wish_read);
}

static bool signed_request_ok(const void *v)
{
	const as_SignedRequest *m = v;

	return m->body.size > 0 && m->cert_chain.size > 0 && m->sig.size > 0;
}

static bool pending_ok(const void *v)
{
	return ((const as_Pending *)v)->prompt_id > 0;
}

static bool signed_grant_ok(const void *v)
{
	const as_SignedGrant *m = v;

	return m->body.size > 0 && m->sig.size > 0 && m->broker_spki.size > 0;
}

static bool grant_body_ok(const void *v)
{
	const as_GrantBody *m = v;

	return m->version == MSG_BODY_VERSION && m->lifetime_s > 0 &&
	       m->lifetime_s <= MSG_DURATION_MAX_S && m->expires > m->not_before &&
	       m->has_consent && clean(m->consent.user) && clean(m->consent.tty) &&
	       clean(m->redaction.profile) && clean(m->host) && clean(m->agent_build) &&
	       (m->prev_grant_sha256.size == 0 || m->prev_grant_sha256.size == 32) &&
	       scopes_ok(m->scopes, m->scopes_count, msg_scope_read);
}

bool msg_path_is_plain(const uint8_t *p, size_t n)
{
	size_t from = 0;

	if (n == 0)
		return true;
	for (size_t i = 0; i <= n; i++) {
		if (i < n && p[i] == '\0')
			return false;
		if (i < n && p[i] != '/')
			continue;

		size_t len = i - from;
		if (len == 0 || (len <= 2 && memcmp(p + from, "..", len) == 0))
			return false;
		from = i + 1;
	}
	return true;
}

static bool args_ok(const as_OpenArgs *a)
{
	for (size_t i = 0; i < a->names_count; i++)
		if (!filled(a->names[i]))
			return false;
	for (size_t i = 0; i < a->paths_count; i++)
		if (!msg_path_is_plain(a->paths[i].bytes, a->paths[i].size))
			return false;
	return a->priority <= 8 && clean(a->unit) && clean(a->root) && clean(a->pattern) &&
	       clean(a->glob) && (a->sha256.size == 0 || a->sha256.size == 32) &&
	       (a->flags & ~OPEN_FLAGS) == 0;
}

static bool open_ok(const void *v)
{
	const as_Open *m = v;

	return m->stream % 2 == 1 && m->op_id != 0 && m->comp <= 1 && args_ok(&m->args);
}

static bool open_ok_ok(const void *v)
{
	const as_OpenOk *m = v;

	return m->stream != 0 && m->comp <= 1 && clean(m->redaction_profile);
}

static bool open_err_ok(const void *v)
{
	const as_OpenErr *m = v;

	return m->stream != 0 && m->code != 0;
}

static bool catalog_ok(const void *v)
{
	const as_Catalog *m = v;

	for (size_t i = 0; i < m->entries_count; i++) {
		const as_CatalogEntry *e = &m->entries[i];

		if (e->op_id == 0 || !e->name[0] || !clean(e->asks) ||
		    strspn(e->name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(e->name) ||
		    scope_kind_name((enum scope_kind)e->scope)[0] == '?')
			return false;
	}
	return true;
}

static bool resume_ok(const void *v)
{
	return ((const as_Resume *)v)->table.size > 0;
}

static bool always_ok(const void *v)
{
	(void)v;
	return true;
}

static const struct {
	const pb_msgdesc_t *fields;
	size_t size;
	bool (*is_ok)(const void *m);
} table[] = {
    [MSG_HELLO] = {as_Hello_fields, sizeof(as_Hello), hello_ok},
    [MSG_PAKE_SHARE] = {as_PakeShare_fields, sizeof(as_PakeShare), always_ok},
    [MSG_PAKE_CONFIRM] = {as_PakeConfirm_fields, sizeof(as_PakeConfirm), always_ok},
    [MSG_SIGNED_REQUEST] = {as_SignedRequest_fields, sizeof(as_SignedRequest), signed_request_ok},
    [MSG_REQUEST_BODY] = {as_RequestBody_fields, sizeof(as_RequestBody), request_body_ok},
    [MSG_PENDING] = {as_Pending_fields, sizeof(as_Pending), pending_ok},
    [MSG_SIGNED_GRANT] = {as_SignedGrant_fields, sizeof(as_SignedGrant), signed_grant_ok},
    [MSG_GRANT_BODY] = {as_GrantBody_fields, sizeof(as_GrantBody), grant_body_ok},
    [MSG_DENY] = {as_Deny_fields, sizeof(as_Deny), always_ok},
    [MSG_REVOKED] = {as_Revoked_fields, sizeof(as_Revoked), always_ok},
    [MSG_OPEN] = {as_Open_fields, sizeof(as_Open), open_ok},
    [MSG_OPEN_OK] = {as_OpenOk_fields, sizeof(as_OpenOk), open_ok_ok},
    [MSG_OPEN_ERR] = {as_OpenErr_fields, sizeof(as_OpenErr), open_err_ok},
    [MSG_CATALOG] = {as_Catalog_fields, sizeof(as_Catalog), catalog_ok},
    [MSG_RESUME] = {as_Resume_fields, sizeof(as_Resume), resume_ok},
    [MSG_AUDIT_MARK] = {as_AuditMark_fields, sizeof(as_AuditMark), always_ok},
    [MSG_END] = {as_End_fields, sizeof(as_End), always_ok},
};

int msg_decode(enum msg m, const uint8_t *p, size_t n, void *out)
{
	pb_istream_t in = pb_istream_from_buffer(p, n);

	memset(out, 0, table[m].size);
	return pb_decode(&in, table[m].fields, out) && table[m].is_ok(out) ? 0 : AS_EBADMSG;
}

int msg_encode(enum msg m, const void *in, uint8_t *buf, size_t cap)
{
	pb_ostream_t out = pb_ostream_from_buffer(buf, cap);

	if (!table[m].is_ok(in))
		return AS_EBADMSG;
	return pb_encode(&out, table[m].fields, in) ? (int)out.bytes_written : AS_EFULL;
}

static int read_scope(const as_Scope *in, int (*check)(const struct scope *), struct scope *out)
{
	struct scope s = {.kind = (enum scope_kind)in->kind};

	memcpy(s.target, in->target, sizeof s.target);

	int err = check(&s);
	if (err == 0)
		*out = s;
	return err;
}

int msg_scope_read(const as_Scope *in, struct scope *out)
{
	return read_scope(in, scope_check, out);
}

int msg_wish_read(const as_Scope *in, struct scope *out)
{
	return read_scope(in, scope_check_wish, out);
}

void msg_scope_write(const struct scope *in, as_Scope *out)
{
	*out = (as_Scope){.kind = (uint32_t)in->kind};
	memcpy(out->target, in->target, sizeof out->target);
}
