/* SPDX-License-Identifier: Apache-2.0
 *
 * What an assent-collect-ssh says to the broker, which takes it for hostile. Promises: what is
 * decoded is within its limits and clean, and is the same bytes when it is encoded again.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/device/talk.h"
#include "proto/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void must_be_same(int n, const uint8_t *again, const uint8_t *p, size_t len)
{
	must(n == (int)len && memcmp(again, p, len) == 0);
}

static void read_payload(const struct talk_msg *m)
{
	static uint8_t again[TALK_MAX];
	struct talk_key k;
	struct talk_note note;
	struct talk_secret s;

	if (m->type == TALK_KEY && talk_key_decode(m->payload, m->len, &k) == 0) {
		must(text_is_clean(k.type, strlen(k.type)) && k.type[0]);
		must(text_is_clean(k.banner, strlen(k.banner)));
		must_be_same(talk_key_encode(&k, again, sizeof again), again, m->payload, m->len);
	}
	if (talk_note_decode(m->payload, m->len, &note) == 0) {
		must(text_is_clean(note.text, strlen(note.text)));
		must_be_same(talk_note_encode(&note, again, sizeof again), again, m->payload,
			     m->len);
	}
	if (m->type == TALK_SECRET && talk_secret_decode(m->payload, m->len, &s) == 0) {
		must(s.pass_len <= TALK_PASS_MAX);
		must_be_same(talk_secret_encode(&s, again, sizeof again), again, m->payload,
			     m->len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	while (size > 0) {
		struct talk_msg m;
		int n = talk_size(data, size);

		must(n <= TALK_MAX);
		if (n <= 0 || (size_t)n > size)
			return 0;
		must(talk_decode(data, (size_t)n, &m) == 0);
		read_payload(&m);
		data += n;
		size -= (size_t)n;
	}
	return 0;
}
