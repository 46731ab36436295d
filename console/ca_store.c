/* SPDX-License-Identifier: Apache-2.0 */
#include "console/ca_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "console/bundle_path.h"
#include "proto/base/err.h"
#include "proto/base/secret.h"

/* ---- reading ---- */

/* Bytes read into out, at most cap - 1 and a NUL behind them. */
static int read_at(int dir, const char *name, char *out, size_t cap, struct stat *st)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t n = 0;
	ssize_t got = 1;

	if (fd < 0)
		return -errno;
	if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode)) {
		close(fd);
		return -EINVAL;
	}
	while (got > 0 && n < cap - 1) {
		got = read(fd, out + n, cap - 1 - n);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			n += (size_t)got;
	}

	int err = got < 0 ? -errno : n == cap - 1 ? AS_E_TOO_BIG : (int)n;
	close(fd);
	out[n] = '\0';
	return err;
}

/* ---- making files ---- */

static int exists(char why[CA_WHY_MAX], const char *dir, const char *name)
{
	snprintf(
	    why, CA_WHY_MAX,
	    "%.200s/%s exists already and is not overwritten; choose another folder or move it "
	    "away first",
	    dir, name);
	return AS_EEXISTS;
}

static bool is_same(int dir, const struct ca_file *f)
{
	char have[CA_FILE_MAX];
	struct stat st;

	return f->shared && f->len < sizeof have &&
	       read_at(dir, f->name, have, sizeof have, &st) == (int)f->len &&
	       memcmp(have, f->bytes, f->len) == 0;
}

static int write_file(int dir, const struct ca_file *f)
{
	int fd = openat(dir, f->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			f->secret ? 0600 : 0644);
	size_t done = 0;
	int err = 0;

	if (fd < 0)
		return -errno;
	while (err == 0 && done < f->len) {
		ssize_t n = write(fd, f->bytes + done, f->len - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			err = -errno;
	}
	if (err == 0 && fsync(fd) < 0 && errno != EINVAL)
		err = -errno;
	if (close(fd) < 0 && err == 0)
		err = -errno;
	if (err < 0)
		unlinkat(dir, f->name, 0);
	return err;
}

/* Looks at all names first: the usual reason to stop is found before anything is made. */
static int check_free(int dir, const char *path, const struct ca_file *files, size_t count,
		      char why[CA_WHY_MAX])
{
	struct stat st;

	for (size_t i = 0; i < count; i++)
		if (fstatat(dir, files[i].name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    !is_same(dir, &files[i]))
			return exists(why, path, files[i].name);
	return 0;
}

static int write_all(int dir, const char *path, const struct ca_file *files, size_t count,
		     char why[CA_WHY_MAX])
{
	bool made[CA_FILES_MAX] = {false};
	int err = check_free(dir, path, files, count, why);

	for (size_t i = 0; err == 0 && i < count; i++) {
		if (is_same(dir, &files[i]))
			continue;
		err = write_file(dir, &files[i]);
		made[i] = err == 0;
		if (err == -EEXIST)
			err = exists(why, path, files[i].name);
		else if (err < 0)
			snprintf(why, CA_WHY_MAX, "%.200s/%s: %s", path, files[i].name,
				 strerror(-err));
	}
	for (size_t i = 0; err < 0 && i < count; i++)
		if (made[i])
			unlinkat(dir, files[i].name, 0);
	return err;
}

static bool any_secret(const struct ca_file *files, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (files[i].secret)
			return true;
	return false;
}

int ca_store(const char *path, const struct ca_file *files, size_t count, char why[CA_WHY_MAX])
{
	mode_t mode = any_secret(files, count) ? 0700 : 0755;
	int err = count <= CA_FILES_MAX ? bundle_make_dirs(path, mode) : AS_E_INTERNAL;
	int dir = err == 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (err == 0 && dir < 0)
		err = -errno;
	if (err < 0) {
		snprintf(why, CA_WHY_MAX, "the folder %.200s cannot be made: %s", path,
			 strerror(-err));
		return err;
	}
	err = write_all(dir, path, files, count, why);
	close(dir);
	return err;
}

/* ---- the authority ---- */

static int load_cert(int dir, struct ca *ca)
{
	struct stat st;
	int n = read_at(dir, "ca.crt", ca->pem, sizeof ca->pem, &st);

	if (n < 0)
		return n;
	ca->pem_len = (size_t)n;

	BIO *bio = BIO_new_mem_buf(ca->pem, n);
	ca->cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	ERR_clear_error();
	return ca->cert ? cert_organisation(ca->pem, ca->pem_len, ca->organisation) : AS_ECONFIG;
}

/* A key others can read is nobody's secret any more. */
static int load_key(int dir, struct ca *ca, const char **what)
{
	char pem[CA_FILE_MAX];
	struct stat st;
	int n = read_at(dir, "ca.key", pem, sizeof pem, &st);
	int err = n < 0 ? n : sign_key_load(pem, (size_t)n, &ca->key);

	secret_wipe(pem, sizeof pem);
	if (err == 0 && (st.st_mode & 077) != 0) {
		*what = "others may read it; see who did, then chmod 600";
		err = AS_ECONFIG;
	} else if (err == 0 && X509_check_private_key(ca->cert, ca->key) != 1) {
		*what = "it does not belong to ca.crt";
		err = AS_ECONFIG;
	}
	ERR_clear_error();
	return err;
}

int ca_load(const char *path, bool with_key, struct ca *out, char why[CA_WHY_MAX])
{
	const char *name = "", *what = NULL;
	char words[128];
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = dir < 0 ? -errno : 0;

	memset(out, 0, sizeof *out);
	if (err == 0) {
		name = "/ca.crt";
		err = load_cert(dir, out);
	}
	if (err == 0 && with_key) {
		name = "/ca.key";
		err = load_key(dir, out, &what);
	}
	if (dir >= 0)
		close(dir);
	if (err == 0)
		return 0;
	snprintf(why, CA_WHY_MAX, "%.200s%s: %s%s", path, name,
		 what ? what : err_text(err, words, sizeof words),
		 err == -ENOENT ? "; 'assent-console ca init' makes it" : "");
	ca_done(out);
	return err;
}

void ca_done(struct ca *ca)
{
	X509_free(ca->cert);
	sign_key_free(ca->key);
	ca->cert = NULL;
	ca->key = NULL;
}
