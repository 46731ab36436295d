/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/bundle.h"
#include "console/bundle_path.h"
#include "console/bundle_priv.h"
#include "console/old_part_priv.h"
#include "proto/base/err.h"

#define TAIL	  26   /* "-20260921T141320Z-07070707" */
#define NAMES_MAX 4096 /* bundles of one host that are looked at */
#define TRIES_MAX 64   /* and read */

struct names {
	char *at[NAMES_MAX];
	size_t count;
};

static bool is_tail(const char *s)
{
	static const char form[] = "-ddddddddTddddddZ-xxxxxxxx";

	for (size_t i = 0; form[i]; i++) {
		bool ok = form[i] == 'd'   ? s[i] >= '0' && s[i] <= '9'
			  : form[i] == 'x' ? s[i] && strchr("0123456789abcdef", s[i])
					   : s[i] == form[i];
		if (!ok)
			return false;
	}
	return s[TAIL] == '\0';
}

/* Another bundle of the host that `own` is of? Its manifest is asked again. */
static bool is_sibling(const char *name, const char *own)
{
	size_t n = strlen(own);

	return n > TAIL && strlen(name) == n && strcmp(name, own) != 0 &&
	       memcmp(name, own, n - TAIL) == 0 && is_tail(name + n - TAIL);
}

static int newest_first(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;

	return strcmp(y + strlen(y) - TAIL, x + strlen(x) - TAIL);
}

static void read_names(int dir, const char *own, struct names *out)
{
	DIR *d = fdopendir(dup(dir));
	struct dirent *e;

	while (d && out->count < NAMES_MAX && (e = readdir(d)) != NULL)
		if (is_sibling(e->d_name, own) && (out->at[out->count] = strdup(e->d_name)))
			out->count++;
	if (d)
		closedir(d);
	qsort(out->at, out->count, sizeof out->at[0], newest_first);
}

int old_part_read_manifest(int folder, struct manifest *out)
{
	char why[MANIFEST_WHY_MAX], *text = NULL;
	int fd = bundle_open_part(folder, BUNDLE_MANIFEST, O_RDONLY | O_NONBLOCK), err = 0;
	struct stat st;
	size_t n = 0;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > MANIFEST_MAX)
		err = AS_EBADMSG;
	if (err == 0 && !(text = malloc((size_t)st.st_size + 1)))
		err = -ENOMEM;
	while (err == 0 && n < (size_t)st.st_size) {
		ssize_t got = read(fd, text + n, (size_t)st.st_size - n);

		if (got == 0)
			break;
		if (got < 0 && errno != EINTR)
			err = -errno;
		n += got > 0 ? (size_t)got : 0;
	}
	close(fd);
	if (err == 0)
		err = manifest_read(text, n, out, why);
	free(text);
	return err;
}

static bool try_name(struct old_part *p, int dir, const char *name, const char *source)
{
	int folder = bundle_open_part(dir, name, O_RDONLY | O_DIRECTORY);

	if (folder < 0)
		return false;
	if (old_part_try_folder(p, folder, name, source))
		return true;
	old_part_drop(p);
	return false;
}

bool old_part_find_beside(struct old_part *p, const char *out_dir, const char *source)
{
	const char *slash = strrchr(bundle_path(p->b), '/');
	struct names *names = calloc(1, sizeof *names);
	int dir = open(out_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool found = false;

	if (names && dir >= 0)
		read_names(dir, slash ? slash + 1 : bundle_path(p->b), names);
	for (size_t i = 0; names && i < names->count && i < TRIES_MAX && !found; i++)
		found = try_name(p, dir, names->at[i], source);
	for (size_t i = 0; names && i < names->count; i++)
		free(names->at[i]);
	free(names);
	if (dir >= 0)
		close(dir);
	return found;
}
