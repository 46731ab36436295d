/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever a proxy answers, byte by byte: SOCKS replies, Proxy-Authenticate values and tokens,
 * WebSocket headers. The first byte chooses. What is taken lies within the bytes; what goes back to
 * the proxy or to a person is clean.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"
#include "proto/wire/base64.h"
#include "proto/wire/http_auth.h"
#include "proto/wire/socks5.h"
#include "proto/wire/ws_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void socks(const uint8_t *p, size_t n)
{
	uint8_t byte;
	bool yes;
	int used = socks5_method(p, n, &byte);

	check(used <= (int)n);
	used = socks5_user_reply(p, n, &yes);
	check(used <= (int)n);
	used = socks5_reply(p, n, &byte);
	check(used <= (int)n && used <= SOCKS5_REPLY_MAX);
	if (used > 0) /* whole is whole */
		check(socks5_reply(p, (size_t)used, &byte) == used);
}

static bool is_clean(const char *text, size_t cap)
{
	size_t n = strnlen(text, cap);

	return n < cap && text_is_clean(text, n);
}

static void challenge(const char *p, size_t n)
{
	struct auth_offer o = {.basic = false};
	char quoted[2 * AUTH_VALUE_MAX + 3];

	auth_offer_add(&o, p, n);
	check(is_clean(o.schemes, sizeof o.schemes) && is_clean(o.realm, sizeof o.realm) &&
	      is_clean(o.nonce, sizeof o.nonce) && is_clean(o.opaque, sizeof o.opaque));
	check(o.digest == AUTH_DIGEST_NONE || o.nonce[0]);
	check(auth_quote(o.realm, quoted, sizeof quoted) > 0);
}

static void token(const char *p, size_t n)
{
	const char *at = NULL;
	uint8_t bytes[64];
	size_t len = 0;

	if (!auth_token(p, n, "NTLM", &at, &len))
		return;
	check(at > p && len > 0 && at + len <= p + n);

	int got = base64_decode(at, len, bytes, sizeof bytes);
	check(got <= (int)sizeof bytes && (got < 0 || (size_t)got <= len));
}

static void frame(const uint8_t *p, size_t n)
{
	struct ws_header h;
	uint8_t again[WS_HEADER_MAX];

	if (ws_header_decode(p, n, &h) < 0)
		return;
	check(h.size <= n && h.size <= WS_HEADER_MAX && h.len <= WS_PAYLOAD_MAX);
	check(ws_header_encode(h.opcode, h.len, h.masked ? h.mask : NULL, again) == h.size);
	check(memcmp(again + 1, p + 1, h.size - 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] % 3) {
	case 0:
		socks(data + 1, size - 1);
		break;
	case 1:
		challenge((const char *)data + 1, size - 1);
		token((const char *)data + 1, size - 1);
		break;
	default:
		frame(data + 1, size - 1);
	}
	return 0;
}
