/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/messages.h"
#include "proto/wire/mux_frame.h"

/* Room for any of the structs, and for any message. */
union any {
	as_Hello hello;
	as_PakeShare share;
	as_PakeConfirm confirm;
	as_SignedRequest request;
	as_RequestBody request_body;
	as_Pending pending;
	as_SignedGrant grant;
	as_GrantBody grant_body;
	as_Deny deny;
	as_Revoked revoked;
	as_Open open;
	as_OpenOk open_ok;
	as_OpenErr open_err;
	as_Catalog catalog;
	as_Resume resume;
	as_AuditMark mark;
	as_End end;
};

static union any msg, back;
static uint8_t buf[MUX_PAYLOAD_MAX], again[MUX_PAYLOAD_MAX];

/* A good message of each kind, filled as far as it matters. */
static void make(enum msg m)
{
	memset(&msg, 0, sizeof msg);
	switch (m) {
	case MSG_HELLO:
		msg.hello = (as_Hello){.ver_min = 1,
				       .ver_max = 2,
				       .has_limits = true,
				       .limits.max_streams = 64,
				       .product = "assent 0.1",
				       .os = "linux"};
		break;
	case MSG_SIGNED_REQUEST:
		msg.request.body.size = MSG_BODY_MAX;
		msg.request.cert_chain.size = MSG_CHAIN_MAX;
		msg.request.sig.size = 72;
		break;
	case MSG_REQUEST_BODY:
		msg.request_body = (as_RequestBody){.version = 1,
						    .engineer_id = "jane",
						    .organisation = "Acme",
						    .engineer_name = "Jane Doe",
						    .reason = "it is slow",
						    .duration_s = 3600,
						    .scopes_count = 2};
		msg.request_body.scopes[0].kind = SCOPE_SYSTEM;
		msg.request_body.scopes[1] = (as_Scope){.kind = SCOPE_FILES, .target = "/srv/app"};
		break;
	case MSG_PENDING:
		msg.pending.prompt_id = 1;
		break;
	case MSG_SIGNED_GRANT:
		msg.grant.body.size = msg.grant.sig.size = msg.grant.broker_spki.size = 1;
		break;
	case MSG_GRANT_BODY:
		msg.grant_body = (as_GrantBody){.version = 1,
						.lifetime_s = 60,
						.not_before = 1,
						.expires = 2,
						.has_consent = true,
						.scopes_count = 1};
		msg.grant_body.scopes[0].kind = SCOPE_LOGS;
		break;
	case MSG_OPEN:
		msg.open = (as_Open){.stream = 1, .op_id = 3, .first_credit = 1 << 18, .comp = 1};
		break;
	case MSG_OPEN_OK:
		msg.open_ok = (as_OpenOk){.stream = 1};
		break;
	case MSG_OPEN_ERR:
		msg.open_err = (as_OpenErr){.stream = 1, .code = 20};
		break;
	case MSG_CATALOG:
		msg.catalog.entries_count = 1;
		msg.catalog.entries[0] = (as_CatalogEntry){
		    .op_id = 1, .name = "os", .scope = SCOPE_SYSTEM, .asks = "Version"};
		break;
	case MSG_RESUME:
		msg.resume.n = UINT32_MAX;
		msg.resume.table.size = MSG_TABLE_MAX;
		break;
	default:
		break;
	}
}

static int round_trip(enum msg m)
{
	int n = msg_encode(m, &msg, buf, sizeof buf);

	cr_assert_geq(n, 0, "message %d", m);
	cr_assert_eq(msg_decode(m, buf, (size_t)n, &back), 0, "message %d", m);
	cr_assert_eq(msg_encode(m, &back, again, sizeof again), n);
	cr_assert_eq(memcmp(buf, again, (size_t)n), 0, "message %d", m);
	return n;
}

Test(messages, every_kind_survives_the_wire)
{
	for (int m = MSG_HELLO; m <= MSG_END; m++) {
		make(m);
		round_trip(m);
	}
}

/* protobuf has no end mark: a cut message may be a shorter one, but never a crash, never a read
 * beyond its bytes. */
Test(messages, cut_short_is_an_error_or_a_valid_shorter_message)
{
	for (int m = MSG_HELLO; m <= MSG_END; m++) {
		make(m);

		size_t n = (size_t)round_trip(m);
		for (size_t cut = 0; cut < n; cut += n / 300 + 1) {
			uint8_t *exact = malloc(cut + 1);

			memcpy(exact, buf, cut);
			if (msg_decode(m, exact, cut, &back) == 0)
				cr_assert_geq(msg_encode(m, &back, again, sizeof again), 0);
			free(exact);
		}
	}
}

Test(messages, bytes_behind_a_message_are_an_error)
{
	for (int m = MSG_HELLO; m <= MSG_END; m++) {
		make(m);

		size_t n = (size_t)round_trip(m);
		if (n == sizeof buf)
			continue;
		buf[n] = 0xff;
		cr_assert_eq(msg_decode(m, buf, n + 1, &back), AS_EBADMSG, "message %d", m);
	}
}

Test(messages, a_small_buffer_is_told_and_not_overrun)
{
	for (int m = MSG_HELLO; m <= MSG_END; m++) {
		make(m);

		size_t n = (size_t)round_trip(m);
		for (size_t cap = 0; cap < n; cap += n / 300 + 1) {
			uint8_t *small = malloc(cap + 1);

			cr_assert_eq(msg_encode(m, &msg, small, cap), AS_EFULL, "message %d", m);
			free(small);
		}
	}
}

Test(messages, the_largest_request_and_grant_fit_one_frame)
{
	cr_assert_leq(as_SignedRequest_size, MUX_PAYLOAD_MAX);
	cr_assert_leq(as_SignedGrant_size, MUX_PAYLOAD_MAX);
	cr_assert_leq(as_Catalog_size, MUX_PAYLOAD_MAX);
	cr_assert_leq(as_Open_size, MUX_PAYLOAD_MAX);
	cr_assert_leq(as_Hello_size, MUX_CONTROL_MAX);
	cr_assert_leq(as_RequestBody_size, MSG_BODY_MAX);
	cr_assert_leq(as_GrantBody_size, MSG_BODY_MAX);
}

static void set_path(const char *path)
{
	msg.open.args.paths_count = 1;
	msg.open.args.paths[0].size = (pb_size_t)strlen(path);
	memcpy(msg.open.args.paths[0].bytes, path, strlen(path));
}

/* Each row breaks one field of a good message; nobody may send it and nobody takes it. */
#define BAD(m, change)                                                                         \
	do {                                                                                   \
		make(m);                                                                       \
		change;                                                                        \
		cr_assert_eq(msg_encode(m, &msg, buf, sizeof buf), AS_EBADMSG, "%s", #change); \
	} while (0)

Test(messages, values_out_of_range_are_refused)
{
	BAD(MSG_HELLO, msg.hello.ver_min = 0);
	BAD(MSG_HELLO, msg.hello.ver_min = 3);
	BAD(MSG_HELLO, msg.hello.has_limits = false);
	BAD(MSG_HELLO, msg.hello.limits.max_streams = 65);
	BAD(MSG_HELLO, strcpy(msg.hello.os, "\x1b[2J"));
	BAD(MSG_SIGNED_REQUEST, msg.request.body.size = 0);
	BAD(MSG_SIGNED_REQUEST, msg.request.cert_chain.size = 0);
	BAD(MSG_SIGNED_REQUEST, msg.request.sig.size = 0);
	BAD(MSG_REQUEST_BODY, msg.request_body.version = 2);
	BAD(MSG_REQUEST_BODY, msg.request_body.engineer_id[0] = '\0');
	BAD(MSG_REQUEST_BODY, msg.request_body.reason[0] = '\0');
	BAD(MSG_REQUEST_BODY, strcpy(msg.request_body.reason, "two\nlines"));
	BAD(MSG_REQUEST_BODY, strcpy(msg.request_body.organisation, "\xe2\x80\xae"
								    "emcA"));
	BAD(MSG_REQUEST_BODY, msg.request_body.duration_s = 0);
	BAD(MSG_REQUEST_BODY, msg.request_body.duration_s = MSG_DURATION_MAX_S + 1);
	BAD(MSG_REQUEST_BODY, msg.request_body.scopes_count = 0);
	BAD(MSG_REQUEST_BODY, msg.request_body.scopes[1] = msg.request_body.scopes[0]);
	BAD(MSG_REQUEST_BODY, strcpy(msg.request_body.scopes[1].target, "relative"));
	BAD(MSG_REQUEST_BODY, msg.request_body.scopes[0].kind = 99);
	BAD(MSG_REQUEST_BODY, msg.request_body.grant_id.size = 15);
	BAD(MSG_PENDING, msg.pending.prompt_id = 0);
	BAD(MSG_SIGNED_GRANT, msg.grant.sig.size = 0);
	BAD(MSG_GRANT_BODY, msg.grant_body.lifetime_s = 0);
	BAD(MSG_GRANT_BODY, msg.grant_body.expires = 1);
	BAD(MSG_GRANT_BODY, msg.grant_body.has_consent = false);
	BAD(MSG_GRANT_BODY, msg.grant_body.prev_grant_sha256.size = 31);
	BAD(MSG_OPEN, msg.open.stream = 0);
	BAD(MSG_OPEN, msg.open.stream = 2);
	BAD(MSG_OPEN, msg.open.op_id = 0);
	BAD(MSG_OPEN, msg.open.comp = 2);
	BAD(MSG_OPEN, msg.open.args.priority = 9);
	BAD(MSG_OPEN, msg.open.args.names_count = 1);
	BAD(MSG_OPEN, msg.open.args.flags = OPEN_FLAGS + 1);
	BAD(MSG_OPEN, msg.open.args.sha256.size = 31);
	BAD(MSG_OPEN, strcpy(msg.open.args.root, "/a\nb"));
	BAD(MSG_OPEN, strcpy(msg.open.args.pattern, "\033"));
	BAD(MSG_OPEN, strcpy(msg.open.args.glob, "\xff"));
	BAD(MSG_OPEN, set_path("/etc"));
	BAD(MSG_OPEN, set_path("../etc"));
	BAD(MSG_OPEN, set_path("a/../../etc"));
	BAD(MSG_OPEN, set_path("a//b"));
	BAD(MSG_OPEN_OK, msg.open_ok.stream = 0);
	BAD(MSG_OPEN_ERR, msg.open_err.code = 0);
	BAD(MSG_CATALOG, msg.catalog.entries[0].op_id = 0);
	BAD(MSG_CATALOG, strcpy(msg.catalog.entries[0].name, "a/b"));
	BAD(MSG_CATALOG, msg.catalog.entries[0].scope = 0);
	BAD(MSG_CATALOG, strcpy(msg.catalog.entries[0].asks, "\a"));
}

Test(messages, what_may_not_be_sent_is_not_taken_either)
{
	static const uint8_t even_stream[] = {0x08, 2, 0x10, 1};
	static const uint8_t odd_stream[] = {0x08, 1, 0x10, 1};
	static const uint8_t long_share[] = {0x0a, 66, 0x04};
	static const uint8_t huge_length[] = {0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f};
	static const uint8_t bad_utf8[] = {0x08, 1, 0x10, 1, 0x2a, 2, 0x08, 1, 0x32, 2, 0xc0, 0xaf};

	cr_assert_eq(msg_decode(MSG_OPEN, odd_stream, sizeof odd_stream, &back), 0);
	cr_assert_eq(msg_decode(MSG_OPEN, even_stream, sizeof even_stream, &back), AS_EBADMSG);
	cr_assert_eq(msg_decode(MSG_PAKE_SHARE, long_share, sizeof long_share, &back), AS_EBADMSG);
	cr_assert_eq(msg_decode(MSG_PAKE_SHARE, huge_length, sizeof huge_length, &back),
		     AS_EBADMSG);
	cr_assert_eq(msg_decode(MSG_HELLO, bad_utf8, sizeof bad_utf8, &back), AS_EBADMSG);
}

Test(messages, scopes_change_form_without_loss)
{
	struct scope s, t;
	as_Scope w;

	cr_assert_eq(scope_parse("files:/srv/app", &s), 0);
	msg_scope_write(&s, &w);
	cr_assert_eq(msg_scope_read(&w, &t), 0);
	cr_assert(scope_is_equal(&s, &t));
	strcpy(w.target, "/srv/../etc");
	cr_assert_eq(msg_scope_read(&w, &t), AS_E_SCOPE);
	cr_assert(scope_is_equal(&s, &t), "untouched");
}
