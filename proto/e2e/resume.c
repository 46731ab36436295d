/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/e2e/resume.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "proto/base/err.h"
#include "proto/e2e/hkdf.h"
#include "proto/e2e/inner.h"
#include "proto/wire/cursor.h"
#include "proto/wire/mux_table.h"

#define NEXT_LABEL "assent resume next"
#define KEY_LEN	   32

/* The longest name of a role, and what follows it. */
#define MESSAGE_MAX                                                                      \
	(sizeof "console" - 1 + RESUME_EXPORTER_LEN + RESUME_ID_LEN + sizeof(uint32_t) + \
	 MUX_TABLE_LEN_MAX)

_Static_assert(RESUME_EXPORTER_LEN == INNER_BINDING_LEN, "the exporter is the channel's binding");

void resume_init(struct resume *r, const struct secret *key)
{
	*r = (struct resume){.key = *key};
}

void resume_done(struct resume *r)
{
	secret_wipe(r, sizeof *r);
}

static int mac_with(const struct secret *key, enum resume_role from, uint32_t n,
		    const uint8_t *exporter, const uint8_t *session_id, const uint8_t *table,
		    size_t table_len, uint8_t out[RESUME_MAC_LEN])
{
	uint8_t message[MESSAGE_MAX];
	struct writer w = writer_over(message, sizeof message);

	if (key->len != KEY_LEN)
		return AS_ESTATE;
	if (from == RESUME_CONSOLE)
		writer_put(&w, "console", 7);
	else
		writer_put(&w, "agent", 5);
	writer_put(&w, exporter, RESUME_EXPORTER_LEN);
	writer_put(&w, session_id, RESUME_ID_LEN);
	writer_u32(&w, n);
	writer_put(&w, table, table_len);

	int len = writer_finish(&w);
	if (len < 0)
		return AS_E_TOO_BIG;
	return HMAC(EVP_sha256(), key->bytes, KEY_LEN, message, (size_t)len, out, NULL)
		   ? 0
		   : AS_E_INTERNAL;
}

int resume_mac(const struct resume *r, enum resume_role from,
	       const uint8_t exporter[RESUME_EXPORTER_LEN], const uint8_t session_id[RESUME_ID_LEN],
	       const uint8_t *table, size_t table_len, uint8_t out[RESUME_MAC_LEN])
{
	return mac_with(&r->key, from, r->n, exporter, session_id, table, table_len, out);
}

/* The console did not get our last RESUMED: what came of it is as if it had never been. */
static void step_back(struct resume *r)
{
	r->key = r->before;
	secret_done(&r->before);
	r->n--;
}

int resume_check(struct resume *r, enum resume_role from,
		 const uint8_t exporter[RESUME_EXPORTER_LEN],
		 const uint8_t session_id[RESUME_ID_LEN], uint32_t n, const uint8_t *table,
		 size_t table_len, const uint8_t mac[RESUME_MAC_LEN])
{
	bool behind = from == RESUME_CONSOLE && r->before.len > 0 && n == r->n - 1;
	uint8_t want[RESUME_MAC_LEN];

	if (n != r->n && !behind)
		return AS_E_RESUME;
	if (mac_with(behind ? &r->before : &r->key, from, n, exporter, session_id, table, table_len,
		     want) < 0)
		return AS_E_RESUME;

	bool ok = secret_is_equal(mac, want, sizeof want);

	secret_wipe(want, sizeof want);
	if (ok && behind)
		step_back(r);
	return ok ? 0 : AS_E_RESUME;
}

int resume_next(struct resume *r, const uint8_t exporter[RESUME_EXPORTER_LEN])
{
	uint8_t info[sizeof NEXT_LABEL - 1 + RESUME_EXPORTER_LEN];
	struct writer w = writer_over(info, sizeof info);
	struct secret next = {.len = KEY_LEN};

	if (r->key.len != KEY_LEN || r->n == UINT32_MAX)
		return AS_ESTATE;
	writer_put(&w, NEXT_LABEL, sizeof NEXT_LABEL - 1);
	writer_put(&w, exporter, RESUME_EXPORTER_LEN);

	int err = hkdf(r->key.bytes, KEY_LEN, info, sizeof info, next.bytes, KEY_LEN);
	if (err == 0) {
		r->before = r->key;
		r->key = next;
		r->n++;
	}
	secret_done(&next);
	return err;
}
