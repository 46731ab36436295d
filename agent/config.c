/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/plat/plat.h"
#include "agent/session.h"
#include "proto/base/err.h"
#include "proto/base/ini.h"
#include "proto/base/log.h"
#include "proto/base/secret.h"

static const struct {
	const char *key;
	size_t at, size;
	bool required;
} text_keys[] = {
#define KEY(name, field, required)                                      \
	{                                                               \
		name, offsetof(struct agent_config, field),             \
		    sizeof(((struct agent_config *)0)->field), required \
	}
    KEY("relay", relay, true),
    KEY("ca", ca_path, true),
    KEY("organisation", organisation, true),
    KEY("phone", phone, true),
    KEY("lang", lang, false),
    KEY("proxy-credentials", credentials_path, false),
    KEY("inspection-ca", inspection_path, false),
    KEY("signature", signature, false),
#undef KEY
};
#define TEXT_KEYS (sizeof text_keys / sizeof text_keys[0])

/* Read by others; here only so that none stands twice. */
static const char *const other_keys[] = {"resume", "proxy",	"no-proxy",	 "proxy-auth",
					 "direct", "websocket", "tls-inspection"};
#define KEYS (TEXT_KEYS + sizeof other_keys / sizeof other_keys[0])

struct load {
	struct agent_config *c;
	char *why; /* says more than the error alone; "" when it does not */
	size_t cap;
	unsigned seen; /* bit i: text_keys[i], then other_keys */
};

static int fail(char *why, size_t cap, const char *fmt, ...) AS_PRINTF(3, 4);
static int fail(char *why, size_t cap, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, cap, fmt, ap);
	va_end(ap);
	return AS_ECONFIG;
}

static bool is_port(const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	return text[0] >= '1' && text[0] <= '9' && *end == '\0' && end - text <= 5 && port <= 65535;
}

/* HOST:PORT or [V6]:PORT */
static bool is_address(const char *text)
{
	const char *colon = strrchr(text, ':');

	if (!colon || colon == text || !is_port(colon + 1))
		return false;

	size_t n = (size_t)(colon - text);
	if (text[0] == '[')
		return n > 2 && text[n - 1] == ']' &&
		       strspn(text + 1, "0123456789abcdefABCDEF:.") == n - 2;
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
	       n;
}

static int take_resume(struct load *l, const char *value)
{
	char *end;
	unsigned long s = strtoul(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end || end - value > 4 || s > SESSION_RESUME_MAX_S)
		return fail(l->why, l->cap, "\"resume\" must be a number of seconds from 0 to %d",
			    SESSION_RESUME_MAX_S);
	l->c->resume_s = (uint32_t)s;
	return 0;
}

static int take_text(struct load *l, size_t i, const char *value)
{
	char *field = (char *)l->c + text_keys[i].at;

	if (!value[0] && text_keys[i].required)
		return fail(l->why, l->cap, "\"%s\" is empty", text_keys[i].key);
	if (strlen(value) >= text_keys[i].size)
		return fail(l->why, l->cap, "\"%s\" is longer than %zu bytes", text_keys[i].key,
			    text_keys[i].size - 1);
	memcpy(field, value, strlen(value) + 1);
	if (field == l->c->relay && !is_address(field))
		return fail(l->why, l->cap, "\"relay\" must be HOST:PORT");
	return 0;
}

static size_t find_key(const char *key)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(key, i < TEXT_KEYS ? text_keys[i].key : other_keys[i - TEXT_KEYS]) == 0)
			return i;
	return KEYS;
}

static int take_route(struct load *l, const char *key, const char *value)
{
	char why[ROUTE_WHY_MAX];
	int err = route_config_set(&l->c->route, key, value, why);

	return err < 0 ? fail(l->why, l->cap, "\"%s\": %s", key, why) : 0;
}

static int on_entry(const char *key, const char *value, void *arg)
{
	struct load *l = arg;
	size_t i = find_key(key);

	if (i == KEYS)
		return fail(l->why, l->cap, "\"%.64s\" is not a setting of this program", key);
	if (l->seen & 1u << i)
		return fail(l->why, l->cap, "\"%.64s\" is set twice", key);
	l->seen |= 1u << i;
	if (i < TEXT_KEYS)
		return take_text(l, i, value);
	return i == TEXT_KEYS ? take_resume(l, value) : take_route(l, key, value);
}

static int load_settings(const char *path, struct load *l, char *why, size_t cap)
{
	char more[256] = "", text[128];
	int line;

	l->why = more;
	l->cap = sizeof more;

	int err = ini_load(path, on_entry, l, &line);
	if (err == 0)
		return 0;
	if (line == 0)
		return fail(why, cap,
			    "%s: %s. Ask your support organisation for the configuration.", path,
			    err_text(err, text, sizeof text));
	if (!more[0])
		snprintf(more, sizeof more, "a line must be \"name = value\"");
	return fail(why, cap,
		    "%s: line %d: %s. Correct the line or install the configuration again.", path,
		    line, more);
}

/* A relative file stands beside the configuration, wherever the agent was started. */
static int resolve(const struct agent_config *c, const char *key, char file[CONFIG_PATH_MAX],
		   char *why, size_t cap)
{
	char name[CONFIG_PATH_MAX];
	int dir = (int)(plat_path_name(c->path) - c->path);

	if (plat_path_is_absolute(file) || !file[0])
		return 0;
	memcpy(name, file, sizeof name);

	int n = snprintf(file, CONFIG_PATH_MAX, "%.*s%s", dir, c->path, name);
	if (n < 0 || n >= CONFIG_PATH_MAX)
		return fail(why, cap, "%s: the path of \"%s\" is too long. Use a shorter one.",
			    c->path, key);
	return 0;
}

/* A password that everybody on this computer can read is everybody's. */
static int load_credentials(struct agent_config *c, char *why, size_t cap)
{
	char line[2 * ROUTE_USER_MAX + 4], more[ROUTE_WHY_MAX], text[128];
	FILE *f = c->credentials_path[0] ? fopen(c->credentials_path, "rb") : NULL;
	int err = 0;

	if (!c->credentials_path[0])
		return 0;
	if (!f)
		return fail(why, cap, "%s: %s. Correct \"proxy-credentials\" or install the file.",
			    c->credentials_path, err_text(-errno, text, sizeof text));
	size_t n = fread(line, 1, sizeof line, f);
	fclose(f);
	if (plat_is_open_to_all(c->credentials_path))
		err = fail(why, cap,
			   "%s: everybody on this computer can read this password. Take that right "
			   "away (chmod o-r).",
			   c->credentials_path);
	else if (route_config_credentials(&c->route, line, n, more) < 0)
		err = fail(why, cap, "%s: %s.", c->credentials_path, more);
	secret_wipe(line, sizeof line);
	return err;
}

static int load_ca(struct agent_config *c, char *why, size_t cap)
{
	FILE *f = fopen(c->ca_path, "rb");
	int err = f ? 0 : -errno;
	char text[128];

	if (f) {
		c->ca_len = fread(c->ca_pem, 1, sizeof c->ca_pem, f);
		err = ferror(f) ? -EIO : c->ca_len > CONFIG_CA_MAX ? AS_E_TOO_BIG : 0;
		fclose(f);
	}
	if (err < 0)
		return fail(why, cap,
			    "%s: %s. Install the support organisation's certificate again.",
			    c->ca_path, err_text(err, text, sizeof text));
	c->ca_pem[c->ca_len] = '\0';
	if (!strstr((const char *)c->ca_pem, "-----BEGIN CERTIFICATE-----"))
		return fail(why, cap,
			    "%s: this is not a certificate. Install the support organisation's "
			    "certificate again.",
			    c->ca_path);
	return 0;
}

/* What stands there in the organisation's name must be what its authority signed. */
static int check_signature(const struct agent_config *c, char *why, size_t cap)
{
	const struct settings s = {c->relay, c->organisation, c->phone};

	if (!c->signature[0] ||
	    settings_check((const char *)c->ca_pem, c->ca_len, &s, c->signature) == 0)
		return 0;
	return fail(why, cap,
		    "%s: relay, organisation or phone is not what the support organisation signed. "
		    "Install its configuration again.",
		    c->path);
}

static int load(const char *path, struct agent_config *c, char *why, size_t cap)
{
	struct load l = {.c = c};

	c->resume_s = CONFIG_RESUME_S;
	int n = snprintf(c->path, sizeof c->path, "%s", path);

	if (n < 0 || (size_t)n >= sizeof c->path)
		return fail(why, cap, "The configuration's path is too long. Use a shorter one.");

	int err = load_settings(path, &l, why, cap);
	if (err < 0)
		return err;
	for (size_t i = 0; i < TEXT_KEYS; i++)
		if (text_keys[i].required && !(l.seen & 1u << i))
			return fail(
			    why, cap,
			    "%s: \"%s\" is missing. Add it or install the configuration again.",
			    path, text_keys[i].key);

	err = resolve(c, "ca", c->ca_path, why, cap);
	if (err == 0)
		err = resolve(c, "proxy-credentials", c->credentials_path, why, cap);
	if (err == 0)
		err = resolve(c, "inspection-ca", c->inspection_path, why, cap);
	if (err == 0)
		err = load_ca(c, why, cap);
	if (err == 0)
		err = load_credentials(c, why, cap);
	if (err == 0)
		err = check_signature(c, why, cap);
	c->password_is_open = err == 0 && c->route.has_password && plat_is_open_to_all(c->path);
	c->trusted = err == 0 && plat_is_admins_file(c->path) && plat_is_admins_file(c->ca_path);
	/* whose proxy is an administrator's may have this user's login (Negotiate, NTLM) */
	c->route.proxy.own_login = c->trusted && c->route.proxy.via != ROUTE_DIRECT;
	return err;
}

int config_load(const char *path, struct agent_config *out, char *why, size_t cap)
{
	struct agent_config *c = calloc(1, sizeof *c);
	int err = c ? load(path ? path : plat_config_path(), c, why, cap)
		    : fail(why, cap, "Memory is short. Close other programs and start again.");

	if (err == 0)
		*out = *c;
	if (c)
		config_wipe(c);
	free(c);
	return err;
}

void config_wipe(struct agent_config *c)
{
	secret_wipe(c, sizeof *c);
}
