/* SPDX-License-Identifier: Apache-2.0 */
#include "console/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "proto/base/err.h"
#include "proto/base/ini.h"
#include "proto/base/secret.h"

#define PATH_CAP 4096

static void drop(struct pem_file *f)
{
	if (f->bytes)
		secret_wipe(f->bytes, f->len);
	free(f->bytes);
	*f = (struct pem_file){0};
}

void identity_done(struct identity *id)
{
	drop(&id->ca);
	drop(&id->engineer_crt);
	drop(&id->engineer_key);
	drop(&id->console_crt);
	drop(&id->console_key);
	sign_key_free(id->key);
	id->key = NULL;
	route_config_wipe(&id->route);
}

static int refuse(char *why, const char *path, const char *problem)
{
	snprintf(why, IDENTITY_WHY_MAX, "%.250s: %s", path, problem);
	return AS_ECONFIG;
}

static int read_all(int fd, struct pem_file *out)
{
	struct pem_file f = {.bytes = malloc(CERT_PEM_MAX + 1)};

	if (!f.bytes)
		return -ENOMEM;
	for (;;) {
		ssize_t got = read(fd, f.bytes + f.len, CERT_PEM_MAX + 1 - f.len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || f.len + (size_t)got > CERT_PEM_MAX) {
			int err = got < 0 ? -errno : got > 0 ? -EFBIG : 0;
			if (got > 0)
				f.len += (size_t)got;
			if (err < 0)
				drop(&f);
			else
				*out = f;
			return err;
		}
		f.len += (size_t)got;
	}
}

/* A private key that others can read is no proof of anything any more. */
static int read_file(const char *dir, const char *name, bool secret, struct pem_file *out,
		     char *why)
{
	char path[PATH_CAP], text[128];
	struct stat st;

	if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
		return refuse(why, dir, "the path is too long");

	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;

	if (err == 0 && !S_ISREG(st.st_mode))
		err = -EINVAL;
	if (err == 0 && secret && (st.st_mode & 077)) {
		close(fd);
		return refuse(why, path,
			      "others can read this key; 'chmod 600' it, or make a new identity");
	}
	if (err == 0)
		err = read_all(fd, out);
	if (fd >= 0)
		close(fd);
	return err < 0 ? refuse(why, path, uv_strerror_r(err, text, sizeof text)) : 0;
}

struct conf {
	struct identity *id;
	char credentials[INI_VALUE_MAX]; /* name of a file; "" = none */
	char why[ROUTE_WHY_MAX];
};

/* Other keys tell people what the files are for; their names are fixed. */
static int on_conf(const char *key, const char *value, void *arg)
{
	struct conf *c = arg;
	int taken = route_config_set(&c->id->route, key, value, c->why);

	if (strcmp(key, "relay") == 0)
		snprintf(c->id->relay, sizeof c->id->relay, "%s", value);
	if (strcmp(key, "proxy-credentials") == 0)
		snprintf(c->credentials, sizeof c->credentials, "%s", value);
	if (c->id->route.inspection) {
		/* what opens our TLS cannot show our certificate */
		snprintf(
		    c->why, sizeof c->why,
		    "a console cannot reach its relay through TLS inspection; a WebSocket can");
		return AS_ECONFIG;
	}
	return taken < 0 ? taken : 0;
}

static int read_credentials(const char *dir, const struct conf *c, char *why)
{
	struct pem_file file;
	char more[ROUTE_WHY_MAX];
	int err;

	if (!c->credentials[0])
		return 0;
	err = read_file(dir, c->credentials, true, &file, why);
	if (err < 0)
		return err;
	err = route_config_credentials(&c->id->route, file.bytes, file.len, more);
	drop(&file);
	return err < 0 ? refuse(why, dir, more) : 0;
}

static int read_conf(const char *dir, struct identity *id, char *why)
{
	struct conf c = {.id = id};
	char path[PATH_CAP], text[ROUTE_WHY_MAX + 32];
	int line = 0;

	snprintf(path, sizeof path, "%s/console.conf", dir);

	int err = ini_load(path, on_conf, &c, &line);
	if (err == -ENOENT)
		return 0; /* --relay may say it */
	if (err == 0)
		return read_credentials(dir, &c, why);
	if (line == 0)
		return refuse(why, path, uv_strerror_r(err, text, sizeof text));
	snprintf(text, sizeof text, "line %d: %s", line, c.why[0] ? c.why : "not 'key = value'");
	return refuse(why, path, text);
}

static int check(struct identity *id, const char *dir, int64_t now, char *why)
{
	char text[128];
	int n = cert_chain_from_pem(id->engineer_crt.bytes, id->engineer_crt.len, id->chain,
				    sizeof id->chain);
	if (n < 0)
		return refuse(why, dir, "engineer.crt is not a certificate in PEM form");
	id->chain_len = (size_t)n;
	if (sign_key_load(id->engineer_key.bytes, id->engineer_key.len, &id->key) < 0)
		return refuse(why, dir, "engineer.key is not a private key in PEM form");

	int err =
	    cert_check_engineer(id->chain, id->chain_len, id->ca.bytes, id->ca.len, now, &id->who);
	if (err == AS_ECONFIG)
		return refuse(why, dir, "ca.crt holds no certificate");
	if (err < 0)
		snprintf(why, IDENTITY_WHY_MAX, "%.250s/engineer.crt: %s", dir,
			 err_text(err, text, sizeof text));
	return err;
}

int identity_load(const char *dir, int64_t now, struct identity *out, char why[IDENTITY_WHY_MAX])
{
	struct identity id = {0};
	int err = read_file(dir, "ca.crt", false, &id.ca, why);

	if (err == 0)
		err = read_file(dir, "engineer.crt", false, &id.engineer_crt, why);
	if (err == 0)
		err = read_file(dir, "engineer.key", true, &id.engineer_key, why);
	if (err == 0)
		err = read_file(dir, "console.crt", false, &id.console_crt, why);
	if (err == 0)
		err = read_file(dir, "console.key", true, &id.console_key, why);
	if (err == 0)
		err = read_conf(dir, &id, why);
	if (err == 0)
		err = check(&id, dir, now, why);
	if (err < 0)
		identity_done(&id);
	else
		*out = id;
	return err;
}
