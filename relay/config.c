/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "relay/book.h"

#define NUMBER_MAX 1000000

const char config_help[] =
    "usage: assent-relay --config FILE\n"
    "       assent-relay --listen ADDR:PORT --cert FILE --key FILE --console-ca FILE\n"
    "\n"
    "  --config FILE            read \"key = value\" lines; keys are the options below\n"
    "  --listen ADDR:PORT       where to wait for agents and consoles; port 0: any free one\n"
    "  --cert FILE              the relay's certificate (PEM), then any intermediate ones\n"
    "  --key FILE               its private key (PEM)\n"
    "  --console-ca FILE        the CA that issues consoles' certificates (PEM)\n"
    "  --trusted-proxy ADDR,..  web servers in front, whose X-Forwarded-For is believed\n"
    "  --encrypt-twice no       yes: bulk data, encrypted end to end, is encrypted here once more\n"
    "  --help, --version\n"
    "\n"
    "Limits, with their defaults:\n"
    "  --max-ids 200000         codes that wait or are in use at once\n"
    "  --ids-per-prefix 20      the same for one network (IPv4 /32, IPv6 /56)\n"
    "  --new-ids-per-minute 10  for one network\n"
    "  --joins-per-minute 10    for one console certificate\n"
    "  --joins-per-day 200      for one console certificate\n"
    "  --unknown-per-minute 5   wrong codes of one console certificate; more: 15 minutes' pause\n"
    "  --visitors-per-second 1000             all new connections\n"
    "  --visitors-per-second-per-prefix 20    those of one network\n"
    "\n"
    "SIGTERM: no new sessions, the running ones get 30 seconds. SIGINT: ends at once; sessions go\n"
    "on when the relay is back. SIGHUP: certificates are read again.\n"
    "A socket passed by systemd is used instead of --listen.\n";

enum kind { PATH, NUMBER, ADDRESSES, YES_OR_NO };

struct setting {
	const char *name;
	size_t offset;
	enum kind kind;
};

#define SETTING(name_, field, kind_)                               \
	{                                                          \
		name_, offsetof(struct relay_config, field), kind_ \
	}

static const struct setting settings[] = {
    SETTING("listen", listen, PATH),
    SETTING("cert", cert, PATH),
    SETTING("key", key, PATH),
    SETTING("console-ca", console_ca, PATH),
    SETTING("trusted-proxy", trusted, ADDRESSES),
    SETTING("encrypt-twice", encrypt_twice, YES_OR_NO),
    SETTING("max-ids", max_ids, NUMBER),
    SETTING("ids-per-prefix", quota.ids_per_prefix, NUMBER),
    SETTING("new-ids-per-minute", quota.new_ids_per_minute, NUMBER),
    SETTING("joins-per-minute", quota.joins_per_minute, NUMBER),
    SETTING("joins-per-day", quota.joins_per_day, NUMBER),
    SETTING("unknown-per-minute", quota.unknown_per_minute, NUMBER),
    SETTING("visitors-per-second", visitors.total_per_s, NUMBER),
    SETTING("visitors-per-second-per-prefix", visitors.prefix_per_s, NUMBER),
};

struct reader {
	struct relay_config *out;
	char *why; /* CONFIG_WHY_MAX bytes */
};

static int set_number(const struct reader *r, const char *key, const char *value, uint32_t *out)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end || n == 0 || n > NUMBER_MAX) {
		snprintf(r->why, CONFIG_WHY_MAX, "%s needs a number from 1 to %d", key, NUMBER_MAX);
		return AS_ECONFIG;
	}
	*out = (uint32_t)n;
	return 0;
}

static int set_bool(const struct reader *r, const char *key, const char *value, bool *out)
{
	*out = strcmp(value, "yes") == 0;
	if (*out || strcmp(value, "no") == 0)
		return 0;
	snprintf(r->why, CONFIG_WHY_MAX, "%s needs yes or no", key);
	return AS_ECONFIG;
}

/* ---- trusted proxies ---- */

bool config_address(const char *text, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof *out);
	return uv_ip4_addr(text, 0, v4) == 0 || uv_ip6_addr(text, 0, v6) == 0;
}

static void mapped(const struct sockaddr *addr, uint8_t out[16])
{
	memset(out, 0, 16);
	if (addr->sa_family == AF_INET6) {
		memcpy(out, &((const struct sockaddr_in6 *)addr)->sin6_addr, 16);
		return;
	}
	out[10] = out[11] = 0xff;
	memcpy(out + 12, &((const struct sockaddr_in *)addr)->sin_addr, 4);
}

bool config_trusts(const struct relay_config *c, const struct sockaddr *addr)
{
	uint8_t bytes[16];

	mapped(addr, bytes);
	for (size_t i = 0; i < c->trusted_count; i++)
		if (memcmp(c->trusted[i], bytes, sizeof bytes) == 0)
			return true;
	return false;
}

static int set_addresses(const struct reader *r, const char *value)
{
	struct relay_config *c = r->out;

	c->trusted_count = 0;
	while (*value) {
		size_t n = strcspn(value, ", ");
		struct sockaddr_storage addr;
		char text[64];

		snprintf(text, sizeof text, "%.*s", (int)n, value);
		if (c->trusted_count == CONFIG_TRUSTED_MAX || n >= sizeof text ||
		    !config_address(text, &addr)) {
			snprintf(r->why, CONFIG_WHY_MAX,
				 "trusted-proxy needs at most %d addresses with commas between",
				 CONFIG_TRUSTED_MAX);
			return AS_ECONFIG;
		}
		mapped((const struct sockaddr *)&addr, c->trusted[c->trusted_count++]);
		value += n;
		value += strspn(value, ", ");
	}
	return 0;
}

static int set(const char *key, const char *value, void *arg)
{
	const struct reader *r = arg;

	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
		const struct setting *s = &settings[i];
		char *field = (char *)r->out + s->offset;

		if (strcmp(s->name, key) != 0)
			continue;
		if (s->kind == ADDRESSES)
			return set_addresses(r, value);
		if (s->kind == YES_OR_NO)
			return set_bool(r, key, value, (bool *)(void *)field);
		if (s->kind == NUMBER)
			return set_number(r, key, value, (uint32_t *)(void *)field);
		if (*value == '\0' || strlen(value) >= INI_VALUE_MAX) {
			snprintf(r->why, CONFIG_WHY_MAX,
				 "%s needs a value of at most %d characters", key,
				 INI_VALUE_MAX - 1);
			return AS_ECONFIG;
		}
		memcpy(field, value, strlen(value) + 1);
		return 0;
	}
	snprintf(r->why, CONFIG_WHY_MAX, "there is no setting \"%.64s\"", key);
	return AS_ECONFIG;
}

static int load(const char *path, struct reader *r)
{
	char text[128], reason[CONFIG_WHY_MAX];
	int line;

	r->why[0] = '\0';
	int err = ini_load(path, set, r, &line);
	if (err == 0)
		return 0;
	if (line == 0) {
		snprintf(r->why, CONFIG_WHY_MAX, "cannot read %.256s: %s", path,
			 err_text(err, text, sizeof text));
		return AS_ECONFIG;
	}
	snprintf(reason, sizeof reason, "%s", r->why[0] ? r->why : "not a \"key = value\" line");
	snprintf(r->why, CONFIG_WHY_MAX, "%.256s line %d: %.256s", path, line, reason);
	return AS_ECONFIG;
}

/* "--key value" or "--key=value"; *i moves over what was used. */
static int take_option(int argc, char **argv, int *i, struct reader *r)
{
	const char *arg = argv[*i];
	const char *eq = strchr(arg, '=');
	size_t n = eq ? (size_t)(eq - arg) : strlen(arg);
	char key[64];

	if (n <= 2 || strncmp(arg, "--", 2) != 0 || n - 2 >= sizeof key) {
		snprintf(r->why, CONFIG_WHY_MAX, "\"%.64s\" is not an option; see --help", arg);
		return AS_ECONFIG;
	}
	memcpy(key, arg + 2, n - 2);
	key[n - 2] = '\0';

	const char *value = eq ? eq + 1 : *i + 1 < argc ? argv[++*i] : NULL;
	if (!value) {
		snprintf(r->why, CONFIG_WHY_MAX, "--%s needs a value; see --help", key);
		return AS_ECONFIG;
	}
	return strcmp(key, "config") == 0 ? load(value, r) : set(key, value, r);
}

static int missing(const char *option, char *why)
{
	snprintf(why, CONFIG_WHY_MAX, "--%s is missing; see --help", option);
	return AS_ECONFIG;
}

static int check(const struct relay_config *c, char *why)
{
	const char *const need[][2] = {
	    {"cert", c->cert}, {"key", c->key}, {"console-ca", c->console_ca}};

	for (size_t i = 0; i < sizeof need / sizeof need[0]; i++) {
		if (need[i][1][0])
			continue;
		return missing(need[i][0], why);
	}
	return 0;
}

int config_place(struct relay_config *c, int socket, char why[CONFIG_WHY_MAX])
{
	c->socket = socket;
	if (socket >= 0)
		c->listen[0] = '\0';
	return socket < 0 && c->listen[0] == '\0' ? missing("listen", why) : 0;
}

int config_parse(int argc, char **argv, struct relay_config *out, enum config_wish *wish,
		 char why[CONFIG_WHY_MAX])
{
	struct relay_config c = {.socket = -1,
				 .max_ids = BOOK_MAX,
				 .quota = QUOTA_LIMITS_DEFAULT,
				 .visitors = LISTEN_LIMITS_DEFAULT};
	struct reader r = {.out = &c, .why = why};

	*wish = CONFIG_RUN;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "--version") == 0) {
			*wish = strcmp(argv[i], "--help") == 0 ? CONFIG_HELP : CONFIG_VERSION;
			return 0;
		}
		int err = take_option(argc, argv, &i, &r);
		if (err < 0)
			return err;
	}

	int err = check(&c, why);
	if (err == 0)
		*out = c;
	return err;
}
