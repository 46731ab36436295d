/* SPDX-License-Identifier: Apache-2.0
 *
 * The key of this installation: made on first use, only ours to read, never overwritten.
 */
#include "agent/record.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/plat/plat.h"
#include "proto/base/err.h"
#include "proto/base/secret.h"

#define PATH_ROOM 4096

/* 0, -ENOENT when there is none yet, AS_E_AUDIT for one that is unreadable or not private. */
static int load(const char *path, EVP_PKEY **out)
{
	char pem[SIGN_PEM_MAX + 1];
	int fd = plat_file_private(path);

	if (fd < 0)
		return fd == -ENOENT ? -ENOENT : AS_E_AUDIT;

	ssize_t n = read(fd, pem, sizeof pem);
	close(fd);
	int err = n > 0 && n <= SIGN_PEM_MAX ? sign_key_load(pem, (size_t)n, out) : AS_E_AUDIT;
	secret_wipe(pem, sizeof pem);
	return err < 0 ? AS_E_AUDIT : 0;
}

static int write_new(const char *path, const char *pem, size_t n)
{
	int fd = plat_file_new(path);

	if (fd < 0)
		return AS_E_AUDIT;

	bool good = write(fd, pem, n) == (ssize_t)n && plat_file_sync(fd) == 0;
	close(fd);
	return good ? 0 : AS_E_AUDIT;
}

/* Appears under its name only when it is whole; if another agent was faster, its key counts. */
static int make(const char *path)
{
	char draft[PATH_ROOM], pem[SIGN_PEM_MAX];
	int n = snprintf(draft, sizeof draft, "%s.%ld", path, (long)getpid());

	if (n < 0 || (size_t)n >= sizeof draft)
		return AS_E_AUDIT;

	EVP_PKEY *key = sign_key_new();
	int len = key ? sign_key_save(key, pem) : AS_E_AUDIT;
	sign_key_free(key);
	unlink(draft); /* left by a crash */

	int err = len < 0 ? AS_E_AUDIT : write_new(draft, pem, (size_t)len);
	if (err == 0) {
		err = plat_file_publish(draft, path);
		err = err < 0 && err != -EEXIST ? AS_E_AUDIT : 0;
	}
	unlink(draft);
	secret_wipe(pem, sizeof pem);
	return err;
}

int record_key(const char *state_dir, EVP_PKEY **out)
{
	char path[PATH_ROOM - 32];
	int n = snprintf(path, sizeof path, "%s/install.key", state_dir);

	if (n < 0 || (size_t)n >= sizeof path)
		return AS_E_AUDIT;

	int err = load(path, out);
	if (err != -ENOENT)
		return err;
	err = make(path);
	if (err < 0 || load(path, out) < 0)
		return AS_E_AUDIT;
	return 0;
}
