/* SPDX-License-Identifier: Apache-2.0
 *
 * The settings that say how the relay is reached, and the environment's.
 */
#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/secret.h"
#include "proto/base/text.h"
#include "proto/route/route.h"
#include "proto/route/url.h"

static int set_proxy(struct route_config *c, const char *value, char *why)
{
	if (strcmp(value, "none") == 0) {
		c->no_proxies = true;
		return 0;
	}

	int err = url_proxy(value, &c->proxy, why);
	if (err == 0)
		c->has_password = c->proxy.password[0] != '\0';
	return err;
}

static int set_no_proxy(struct route_config *c, const char *value, char *why)
{
	size_t n = strlen(value);

	if (n >= sizeof c->no_proxy) {
		snprintf(why, ROUTE_WHY_MAX, "\"no-proxy\" is longer than %zu bytes",
			 sizeof c->no_proxy - 1);
		return AS_ECONFIG;
	}
	memcpy(c->no_proxy, value, n + 1);
	return 0;
}

static int set_websocket(struct route_config *c, const char *value, char *why)
{
	if (strcmp(value, "auto") == 0 || strcmp(value, "never") == 0) {
		c->websocket = value[0] == 'a' ? ROUTE_WS_AUTO : ROUTE_WS_NEVER;
		return 0;
	}
	c->websocket = ROUTE_WS_AT;
	return url_websocket(value, &c->ws_carrier, &c->ws_at, c->ws_path, why);
}

/* One of two words: false for the first, true for the second. */
static int set_word(bool *out, const char *key, const char *value, const char *no, const char *yes,
		    char *why)
{
	bool is_yes = strcmp(value, yes) == 0;

	if (!is_yes && strcmp(value, no) != 0) {
		snprintf(why, ROUTE_WHY_MAX, "\"%s\" must be %s or %s", key, no, yes);
		return AS_ECONFIG;
	}
	*out = is_yes;
	return 0;
}

int route_config_set(struct route_config *c, const char *key, const char *value,
		     char why[ROUTE_WHY_MAX])
{
	if (strcmp(key, "proxy") == 0)
		return set_proxy(c, value, why);
	if (strcmp(key, "no-proxy") == 0)
		return set_no_proxy(c, value, why);
	if (strcmp(key, "websocket") == 0)
		return set_websocket(c, value, why);
	if (strcmp(key, "proxy-auth") == 0)
		return set_word(&c->basic, key, value, "digest", "basic", why);
	if (strcmp(key, "direct") == 0)
		return set_word(&c->direct_never, key, value, "auto", "never", why);
	if (strcmp(key, "tls-inspection") == 0)
		return set_word(&c->inspection, key, value, "refuse", "allow", why);
	return 1;
}

static bool take(const char *p, size_t n, char out[ROUTE_USER_MAX + 1])
{
	if (n > ROUTE_USER_MAX || !text_is_clean(p, n) || memchr(p, '\0', n))
		return false;
	memcpy(out, p, n);
	out[n] = '\0';
	return true;
}

int route_config_credentials(struct route_config *c, const char *text, size_t n,
			     char why[ROUTE_WHY_MAX])
{
	const char *end = memchr(text, '\n', n);
	size_t len = end ? (size_t)(end - text) : n;

	if (len > 0 && text[len - 1] == '\r')
		len--;

	const char *colon = memchr(text, ':', len);
	if (!colon || colon == text || c->proxy.via == ROUTE_DIRECT ||
	    !take(text, (size_t)(colon - text), c->proxy.user) ||
	    !take(colon + 1, len - (size_t)(colon + 1 - text), c->proxy.password)) {
		snprintf(why, ROUTE_WHY_MAX,
			 c->proxy.via == ROUTE_DIRECT
			     ? "\"proxy-credentials\" needs a \"proxy\" to use them with"
			     : "\"proxy-credentials\": the file's first line must be "
			       "user:password, at most 128 characters each");
		return AS_ECONFIG;
	}
	return 0;
}

void route_config_wipe(struct route_config *c)
{
	secret_wipe(c, sizeof *c);
}

/* ---- the environment ---- */

static const char *first(const char *(*get)(const char *), const char *const names[],
			 const char **name)
{
	for (; *names; names++) {
		const char *value = get(*names);

		if (value && *value) {
			*name = *names;
			return value;
		}
	}
	return NULL;
}

struct route_env route_env(const char *(*get)(const char *name))
{
	static const char *const proxies[] = {"https_proxy", "HTTPS_PROXY", "all_proxy",
					      "ALL_PROXY", NULL};
	static const char *const lists[] = {"no_proxy", "NO_PROXY", NULL};
	struct route_env env = {.name = ""};
	const char *unused;

	env.proxy = first(get, proxies, &env.name);
	env.no_proxy = first(get, lists, &unused);
	return env;
}
