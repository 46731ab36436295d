/* SPDX-License-Identifier: Apache-2.0
 *
 * A list of challenges is ambiguous to the eye (commas separate both challenges and parameters);
 * the rule that is used here: a word that is followed by "=" is a parameter of the scheme before,
 * any other word is a scheme, and behind a scheme may stand one token68 instead of parameters.
 */
#include "proto/wire/http_auth.h"

#include <string.h>
#include <strings.h>

#include "proto/base/err.h"
#include "proto/base/text.h"

#define SCHEME_MAX 24

struct scan {
	const char *at, *end;
};

/* One challenge while it is read. */
struct challenge {
	bool is_digest, bad, qop_auth, sess, stale, has_opaque, has_realm;
	enum auth_digest algorithm;
	char realm[AUTH_VALUE_MAX], nonce[AUTH_VALUE_MAX], opaque[AUTH_VALUE_MAX];
};

static bool is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip(struct scan *s, bool commas)
{
	while (s->at < s->end && (is_blank(*s->at) || (commas && *s->at == ',')))
		s->at++;
}

static size_t take_token(struct scan *s, const char **word)
{
	*word = s->at;
	while (s->at < s->end && is_token(*s->at))
		s->at++;
	return (size_t)(s->at - *word);
}

/* A quoted string or a token. False: longer than cap, or not closed; it is skipped all the same. */
static bool take_value(struct scan *s, char *out, size_t cap)
{
	size_t n = 0;

	if (s->at == s->end || *s->at != '"') {
		const char *word;
		size_t len = take_token(s, &word);

		if (len == 0 || len >= cap)
			return false;
		memcpy(out, word, len);
		out[len] = '\0';
		return true;
	}
	for (s->at++; s->at < s->end && *s->at != '"'; s->at++) {
		if (*s->at == '\\' && s->at + 1 < s->end)
			s->at++;
		if (n + 1 < cap)
			out[n] = *s->at;
		n++;
	}
	if (s->at == s->end)
		return false;
	s->at++;
	if (n >= cap)
		return false;
	out[n] = '\0';
	return true;
}

/* What goes back to the proxy must be one clean line. */
static bool keep(const char *value, char out[AUTH_VALUE_MAX])
{
	size_t n = strlen(value);

	if (!text_is_clean(value, n))
		return false;
	memcpy(out, value, n + 1);
	return true;
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list) {
		size_t n = strcspn(list, ", \t");

		if (n == len && strncasecmp(list, word, len) == 0)
			return true;
		list += n;
		list += strspn(list, ", \t");
	}
	return false;
}

static void take_algorithm(struct challenge *c, const char *value)
{
	size_t n = strlen(value), sess = strlen("-sess");

	c->sess = n > sess && strcasecmp(value + n - sess, "-sess") == 0;
	if (c->sess)
		n -= sess;
	if (n == 3 && strncasecmp(value, "MD5", n) == 0)
		c->algorithm = AUTH_DIGEST_MD5;
	else if (n == 7 && strncasecmp(value, "SHA-256", n) == 0)
		c->algorithm = AUTH_DIGEST_SHA256;
	else
		c->bad = true;
}

static void take_parameter(struct challenge *c, const char *name, size_t n, const char *value)
{
	static const char *const names[] = {"realm",	 "nonce", "opaque",
					    "algorithm", "qop",	  "stale"};
	size_t i = 0;

	while (i < 6 && (strlen(names[i]) != n || strncasecmp(names[i], name, n) != 0))
		i++;
	switch (i) {
	case 0:
		c->has_realm = keep(value, c->realm);
		break;
	case 1:
		c->bad |= !keep(value, c->nonce);
		break;
	case 2:
		c->has_opaque = keep(value, c->opaque);
		c->bad |= !c->has_opaque;
		break;
	case 3:
		take_algorithm(c, value);
		break;
	case 4:
		c->qop_auth = has_word(value, "auth");
		break;
	case 5:
		c->stale = strcasecmp(value, "true") == 0;
		break;
	default:
		break;
	}
}

static void finish(struct auth_offer *out, const struct challenge *c)
{
	if (!c->is_digest || c->bad || !c->qop_auth || !c->has_realm || !c->nonce[0] ||
	    c->algorithm <= out->digest)
		return;
	out->digest = c->algorithm;
	out->sess = c->sess;
	out->stale = c->stale;
	out->has_opaque = c->has_opaque;
	memcpy(out->realm, c->realm, sizeof out->realm);
	memcpy(out->nonce, c->nonce, sizeof out->nonce);
	memcpy(out->opaque, c->opaque, sizeof out->opaque);
}

static void note_scheme(struct auth_offer *out, const char *word, size_t n)
{
	size_t have = strlen(out->schemes);
	char name[SCHEME_MAX + 1];

	if (n > SCHEME_MAX)
		n = SCHEME_MAX;
	memcpy(name, word, n);
	name[n] = '\0';
	out->basic |= strcasecmp(name, "Basic") == 0;
	out->negotiate |= strcasecmp(name, "Negotiate") == 0;
	out->ntlm |= strcasecmp(name, "NTLM") == 0;
	if (has_word(out->schemes, name) || have + 2 + n >= sizeof out->schemes)
		return;
	if (have > 0) {
		memcpy(out->schemes + have, ", ", 2);
		have += 2;
	}
	memcpy(out->schemes + have, name, n + 1);
}

/* "NTLM TlRMTVNTUAAC==": not for us, and not to be taken for parameters. */
static void skip_token68(struct scan *s)
{
	struct scan t = *s;

	while (t.at < t.end && (is_token(*t.at) || *t.at == '/'))
		t.at++;
	while (t.at < t.end && *t.at == '=')
		t.at++;

	const char *behind = t.at;
	skip(&t, false);
	if (behind > s->at && (t.at == t.end || *t.at == ','))
		s->at = t.at;
}

void auth_offer_add(struct auth_offer *out, const char *value, size_t n)
{
	struct scan s = {value, value + n};
	struct challenge c = {.algorithm = AUTH_DIGEST_MD5};
	char text[AUTH_VALUE_MAX];
	const char *word;

	for (;;) {
		skip(&s, true);

		size_t len = take_token(&s, &word);
		if (len == 0)
			break; /* the end, or what no challenge contains */
		skip(&s, false);
		if (s.at < s.end && *s.at == '=') {
			s.at++;
			skip(&s, false);
			if (take_value(&s, text, sizeof text))
				take_parameter(&c, word, len, text);
			else
				c.bad = true;
			continue;
		}
		finish(out, &c);
		c = (struct challenge){.algorithm = AUTH_DIGEST_MD5,
				       .is_digest =
					   len == 6 && strncasecmp(word, "Digest", 6) == 0};
		note_scheme(out, word, len);
		skip_token68(&s);
	}
	finish(out, &c);
}

bool auth_token(const char *value, size_t n, const char *scheme, const char **token, size_t *len)
{
	size_t skipped = strlen(scheme);
	struct scan s = {value + skipped, value + n};

	if (n <= skipped || strncasecmp(value, scheme, skipped) != 0 || !is_blank(*s.at))
		return false;
	skip(&s, false);

	const char *from = s.at;
	while (s.at < s.end && !is_blank(*s.at) && *s.at != ',')
		s.at++;

	const char *end = s.at;
	skip(&s, false);
	if (end == from || s.at < s.end)
		return false; /* parameters, or a list of challenges */
	*token = from;
	*len = (size_t)(end - from);
	return true;
}

int auth_quote(const char *text, char *out, size_t cap)
{
	size_t n = 0;

	if (cap < 3)
		return AS_EFULL;
	out[n++] = '"';
	for (; *text; text++) {
		if (n + 4 > cap)
			return AS_EFULL;
		if (*text == '"' || *text == '\\')
			out[n++] = '\\';
		out[n++] = *text;
	}
	out[n++] = '"';
	out[n] = '\0';
	return (int)n;
}
