/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/socks5.h"

#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/cursor.h"

#define VERSION	     5
#define USER_VERSION 1
#define CONNECT	     1

enum address_type { ADDRESS_V4 = 1, ADDRESS_NAME = 3, ADDRESS_V6 = 4 };

static void put_text(struct writer *w, const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n > SOCKS5_NAME_MAX) {
		w->err = AS_E_TOO_BIG;
		return;
	}
	writer_u8(w, (uint8_t)n);
	writer_put(w, text, n);
}

int socks5_greeting(bool with_user, uint8_t *out, size_t cap)
{
	struct writer w = writer_over(out, cap);

	writer_u8(&w, VERSION);
	writer_u8(&w, with_user ? 2 : 1);
	writer_u8(&w, SOCKS5_OPEN);
	if (with_user)
		writer_u8(&w, SOCKS5_USER);
	return writer_finish(&w);
}

int socks5_user(const char *user, const char *password, uint8_t *out, size_t cap)
{
	struct writer w = writer_over(out, cap);

	writer_u8(&w, USER_VERSION);
	put_text(&w, user);
	put_text(&w, password);
	return writer_finish(&w);
}

int socks5_connect(const struct socks5_target *t, uint8_t *out, size_t cap)
{
	struct writer w = writer_over(out, cap);

	writer_u8(&w, VERSION);
	writer_u8(&w, CONNECT);
	writer_u8(&w, 0);
	if (t->address_len == 4 || t->address_len == 16) {
		writer_u8(&w, t->address_len == 4 ? ADDRESS_V4 : ADDRESS_V6);
		writer_put(&w, t->address, t->address_len);
	} else {
		writer_u8(&w, ADDRESS_NAME);
		put_text(&w, t->host);
	}
	writer_u16(&w, t->port);
	return writer_finish(&w);
}

int socks5_method(const uint8_t *p, size_t n, uint8_t *method)
{
	if (n > 0 && p[0] != VERSION)
		return AS_E_PROTOCOL;
	if (n < 2)
		return 0;
	*method = p[1];
	return 2;
}

int socks5_user_reply(const uint8_t *p, size_t n, bool *accepted)
{
	/* some proxies answer with their own version; RFC 1929 says 1 */
	if (n > 0 && p[0] != USER_VERSION && p[0] != VERSION)
		return AS_E_PROTOCOL;
	if (n < 2)
		return 0;
	*accepted = p[1] == 0;
	return 2;
}

int socks5_reply(const uint8_t *p, size_t n, uint8_t *reply)
{
	size_t size;

	if (n > 0 && p[0] != VERSION)
		return AS_E_PROTOCOL;
	if (n < 4)
		return 0;
	switch (p[3]) {
	case ADDRESS_V4:
		size = 4 + 4 + 2;
		break;
	case ADDRESS_V6:
		size = 4 + 16 + 2;
		break;
	case ADDRESS_NAME:
		size = n < 5 ? 5 : 4 + 1 + (size_t)p[4] + 2;
		break;
	default:
		/* refusals of careless proxies carry no address at all */
		if (p[1] == 0)
			return AS_E_PROTOCOL;
		size = 4;
	}
	if (n < size)
		return 0;
	*reply = p[1];
	return (int)size;
}

const char *socks5_reply_text(uint8_t reply)
{
	static const char *const texts[] = {
	    "connected",
	    "a fault of the proxy",
	    "the proxy's rules do not allow it",
	    "the proxy cannot reach the network",
	    "the proxy cannot find or reach the server",
	    "the server refuses the proxy",
	    "the proxy got no answer",
	    "the proxy does not know this command",
	    "the proxy does not know this kind of address",
	};

	return reply < sizeof texts / sizeof texts[0] ? texts[reply] : "an unknown answer";
}
