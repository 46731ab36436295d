/* SPDX-License-Identifier: Apache-2.0
 *
 * Where folders really are: the customer is shown it, and there they are opened.
 */
#include "agent/plat/plat.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char plat_folder_example[] = "/home/you/support";

static int fits(int printed, size_t cap)
{
	return printed < 0 || (size_t)printed >= cap ? -ENAMETOOLONG : 0;
}

/* The part of path that exists becomes real; the rest is what does not exist yet. */
static int resolve(char path[PATH_MAX], char real[PATH_MAX], char rest[PATH_MAX])
{
	char below[PATH_MAX];

	rest[0] = '\0';
	while (!realpath(path, real)) {
		char *slash = strrchr(path, '/');

		if (errno != ENOENT || !slash)
			return -errno;
		if (fits(snprintf(below, sizeof below, "%s%s", slash, rest), sizeof below) < 0)
			return -ENAMETOOLONG;
		memcpy(rest, below, strlen(below) + 1);
		if (slash == path)
			slash++; /* "/" is always there */
		*slash = '\0';
	}
	return 0;
}

static int real_path(const char *path, char *out, size_t cap)
{
	char here[PATH_MAX], real[PATH_MAX], rest[PATH_MAX], whole[2 * PATH_MAX];
	int err =
	    path[0] == '/' ? fits(snprintf(here, sizeof here, "%s", path), sizeof here) : -EINVAL;

	/* A folder may be named with a slash behind it; what exists loses it anyway. */
	for (size_t n = strlen(here); err == 0 && n > 1 && here[n - 1] == '/'; n--)
		here[n - 1] = '\0';
	if (err == 0)
		err = resolve(here, real, rest);
	if (err == 0)
		err = fits(snprintf(whole, sizeof whole, "%s%s",
				    strcmp(real, "/") == 0 && rest[0] ? "" : real, rest),
			   cap);
	if (err == 0)
		memcpy(out, whole, strlen(whole) + 1);
	return err;
}

/* ---- without waiting for a server that does not answer ---- */

struct question {
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool answered, given_up;
	int err;
	char path[PATH_MAX], real[PATH_MAX];
};

static void *find_out(void *arg)
{
	struct question *q = arg;
	int err = real_path(q->path, q->real, sizeof q->real);

	pthread_mutex_lock(&q->lock);
	q->err = err;
	q->answered = true;
	bool mine = q->given_up; /* nobody waits: it is ours to free */
	pthread_cond_signal(&q->done);
	pthread_mutex_unlock(&q->lock);
	if (mine)
		free(q);
	return NULL;
}

static struct timespec from_now(unsigned ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

static int start_asking(struct question *q)
{
	pthread_condattr_t clock;
	pthread_t thread;
	int err;

	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&q->done, &clock);
	pthread_condattr_destroy(&clock);
	err = pthread_create(&thread, NULL, find_out, q);
	if (err == 0)
		pthread_detach(thread);
	return -err;
}

/* The thread that hangs stays behind with the question. */
static int wait_for_answer(struct question *q, unsigned limit_ms, char *out, size_t cap)
{
	struct timespec until = from_now(limit_ms);
	int late = 0, err;

	pthread_mutex_lock(&q->lock);
	while (!q->answered && late == 0)
		late = pthread_cond_timedwait(&q->done, &q->lock, &until);
	q->given_up = !q->answered;

	bool mine = q->answered;
	err = !mine ? -ETIMEDOUT : q->err < 0 ? q->err : fits((int)strlen(q->real), cap);
	if (err == 0)
		memcpy(out, q->real, strlen(q->real) + 1);
	pthread_mutex_unlock(&q->lock);
	if (mine)
		free(q);
	return err;
}

int plat_real_path(const char *path, unsigned limit_ms, char *out, size_t cap)
{
	struct question *q = calloc(1, sizeof *q);
	int err = q ? fits(snprintf(q->path, sizeof q->path, "%s", path), sizeof q->path) : -ENOMEM;

	if (err == 0)
		err = start_asking(q);
	if (err < 0) {
		free(q);
		return err;
	}
	return wait_for_answer(q, limit_ms, out, cap);
}

/* ---- a folder to put files into ---- */

static bool is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* Whose files are for people. In the others a new file may be a program's settings, and so an
 * order to it: .ssh, .config/autostart, cron.d. */
static bool is_ordinary(const char *real)
{
	static const char *const systems[] = {
	    "/bin",   "/boot",	 "/dev",       "/etc",	   "/lib",	"/lib32",
	    "/lib64", "/libx32", "/proc",      "/run",	   "/sbin",	"/snap",
	    "/sys",   "/usr",	 "/var/cache", "/var/lib", "/var/spool"};

	if (strcmp(real, "/") == 0 || strstr(real, "/."))
		return false;
	if (is_below(real, "/run/media")) /* where some desktops show a stick */
		return true;
	for (size_t i = 0; i < sizeof systems / sizeof systems[0]; i++)
		if (is_below(real, systems[i]))
			return false;
	return true;
}

int plat_writable_folder(const char *typed, char *out, size_t cap)
{
	char named[PATH_MAX], real[PATH_MAX];
	const char *home = getenv("HOME");
	struct stat st;
	int err;

	if (typed[0] == '~' && (typed[1] == '/' || typed[1] == '\0') && home)
		err = fits(snprintf(named, sizeof named, "%s%s", home, typed + 1), sizeof named);
	else
		err = fits(snprintf(named, sizeof named, "%s", typed), sizeof named);
	if (err < 0)
		return err;
	if (named[0] != '/')
		return -EINVAL;
	if (!realpath(named, real) || stat(real, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (!is_ordinary(real))
		return -EPERM;
	if (access(real, W_OK | X_OK) < 0)
		return -errno;
	err = fits((int)strlen(real), cap);
	if (err == 0)
		memcpy(out, real, strlen(real) + 1);
	return err;
}
