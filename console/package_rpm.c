/* SPDX-License-Identifier: Apache-2.0
 *
 * An rpm is made by rpmbuild, from a specification and the files in a temporary folder. There is
 * no library that writes rpms and nothing else, and a writer of our own for a binary format with
 * two headers, digests and payload would be one more thing that must follow the format; whoever
 * serves customers with rpms has the tool or gets it in one command.
 *
 * A specification is a program: a % in a text would start a macro, and %(...) a shell. Texts are
 * escaped; names and versions were checked for characters that mean nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "console/package.h"
#include "proto/base/err.h"

#define PATH_SPACE 512
#define LINE_SPACE 256
#define TOOL	   "rpmbuild"

/* ---- the specification ---- */

static void put_text(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (*text == '%')
			fputc('%', f);
		fputc(*text, f);
	}
}

static void put_field(FILE *f, const char *name, const char *text)
{
	fprintf(f, "%s: ", name);
	put_text(f, text);
	fputc('\n', f);
}

static void put_lists(FILE *f, const struct package *p, const char *top)
{
	fputs("%install\n", f);
	for (size_t i = 0; i < p->count; i++)
		fprintf(f, "install -D -m 644 '%s/%s' '%%{buildroot}/etc/assent/%s'\n", top,
			p->files[i].name, p->files[i].name);
	fputs("%files\n%dir %attr(0755,root,root) /etc/assent\n", f);
	for (size_t i = 0; i < p->count; i++)
		fprintf(f, "%%config(noreplace) %%attr(0644,root,root) /etc/assent/%s\n",
			p->files[i].name);
}

static void put_changelog(FILE *f, const struct package *p)
{
	char when[PACKAGE_DATE_MAX];
	const char *d = package_date(p->time, when); /* "Thu, 26 Nov 2026 ..." */

	fprintf(f, "%%changelog\n* %.3s %.3s %.2s %.4s ", d, d + 8, d + 5, d + 12);
	put_text(f, p->maintainer);
	fprintf(f, " - %s-1\n- The configuration of that day.\n", p->version);
}

static void put_spec(FILE *f, const struct package *p, const char *top)
{
	fprintf(f, "Name: %s\nVersion: %s\nRelease: 1\n", p->name, p->version);
	fputs("Summary: Configuration of assent-agent by a support organisation\n"
	      "License: LicenseRef-Organisation\nGroup: Applications/System\n"
	      "BuildArch: noarch\nRequires: assent-agent\n"
	      "Provides: assent-agent-config\nConflicts: assent-agent-config\n",
	      f);
	put_field(f, "Vendor", p->organisation);
	put_field(f, "Packager", p->maintainer);
	fputs("%description\nWith it the agent of this computer calls the relay and believes the\n"
	      "engineers of this organisation, and no others:\n\n  ",
	      f);
	put_text(f, p->organisation);
	fputs("\n\n", f);
	put_lists(f, p, top);
	put_changelog(f, p);
}

/* ---- files ---- */

static int write_file(const char *top, const char *name, const char *bytes, size_t n)
{
	char path[PATH_SPACE];

	snprintf(path, sizeof path, "%s/%s", top, name);
	FILE *f = fopen(path, "wbxe");
	int err = f ? 0 : -errno;

	if (f) {
		if (fwrite(bytes, 1, n, f) != n)
			err = -EIO;
		if (fclose(f) != 0 && err == 0)
			err = -errno;
	}
	return err;
}

static int write_spec(const char *top, const struct package *p)
{
	char path[PATH_SPACE];

	snprintf(path, sizeof path, "%s/.spec", top);
	FILE *f = fopen(path, "wbxe");

	if (!f)
		return -errno;
	put_spec(f, p, top);
	return fclose(f) == 0 ? 0 : -errno;
}

static int read_rpm(const char *path, struct package_made *out)
{
	FILE *f = fopen(path, "rbe");
	size_t n;

	if (!f)
		return -errno;
	out->bytes = malloc(PACKAGE_BYTES_MAX);
	n = out->bytes ? fread(out->bytes, 1, PACKAGE_BYTES_MAX, f) : 0;
	fclose(f);
	if (n > 0 && n < PACKAGE_BYTES_MAX) {
		out->len = n;
		return 0;
	}
	free(out->bytes);
	out->bytes = NULL;
	return n == 0 ? -EIO : AS_E_TOO_BIG;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

/* ---- the tool ---- */

/* The last line of what the tool said. */
static void last_words(const char *top, char out[LINE_SPACE])
{
	char path[PATH_SPACE], line[LINE_SPACE];
	snprintf(path, sizeof path, "%s/.log", top);

	FILE *f = fopen(path, "re");
	out[0] = '\0';
	while (f && fgets(line, sizeof line, f))
		if (strspn(line, " \t\n") != strlen(line))
			snprintf(out, LINE_SPACE, "%.*s", (int)strcspn(line, "\n"), line);
	if (f)
		fclose(f);
}

/* Its answer must not depend on who asks: no configuration of the user, no host name, our time. */
static int start(const char *top, char *const argv[], const char *epoch, pid_t *pid)
{
	char home[PATH_SPACE + 8], log[PATH_SPACE], path[PATH_SPACE + 8] = "PATH=/usr/bin:/bin";
	const char *have = getenv("PATH");
	posix_spawn_file_actions_t actions;

	snprintf(home, sizeof home, "HOME=%s", top);
	snprintf(log, sizeof log, "%s/.log", top);
	if (have && strlen(have) < PATH_SPACE)
		snprintf(path, sizeof path, "PATH=%s", have);

	char lc[] = "LC_ALL=C", tz[] = "TZ=UTC", when[64];
	snprintf(when, sizeof when, "SOURCE_DATE_EPOCH=%s", epoch);
	char *env[] = {home, path, lc, tz, when, NULL};

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	posix_spawn_file_actions_adddup2(&actions, 1, 2);
	int err = posix_spawnp(pid, argv[0], &actions, NULL, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

static int run_tool(const char *top, int64_t time)
{
	char defines[6][PATH_SPACE], spec[PATH_SPACE], epoch[32],
	    tool[] = TOOL, bb[] = "-bb", define[] = "--define", target[] = "--target",
	    noarch[] = "noarch";
	int status;
	pid_t pid;

	snprintf(defines[0], PATH_SPACE, "_topdir %s/top", top);
	snprintf(defines[1], PATH_SPACE, "_dbpath %s/db", top);
	snprintf(defines[2], PATH_SPACE, "_buildhost reproducible");
	snprintf(defines[3], PATH_SPACE, "use_source_date_epoch_as_buildtime 1");
	snprintf(defines[4], PATH_SPACE, "clamp_mtime_to_source_date_epoch 1");
	snprintf(defines[5], PATH_SPACE, "source_date_epoch_from_changelog 0");
	snprintf(spec, sizeof spec, "%s/.spec", top);
	snprintf(epoch, sizeof epoch, "%lld", (long long)time);

	char *argv[2 * 6 + 6] = {tool, bb, target, noarch};
	size_t n = 4;

	for (size_t i = 0; i < 6; i++) {
		argv[n++] = define;
		argv[n++] = defines[i];
	}
	argv[n] = spec;

	int err = start(top, argv, epoch, &pid);

	if (err < 0)
		return err;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : AS_E_OP_FAILED;
}

/* ---- all together ---- */

static int build(const struct package *p, const char *top, struct package_made *out)
{
	char path[2 * PATH_SPACE];
	int err = write_spec(top, p);

	for (size_t i = 0; err == 0 && i < p->count; i++)
		err = write_file(top, p->files[i].name, p->files[i].bytes, p->files[i].len);
	if (err == 0)
		err = run_tool(top, p->time);
	if (err < 0)
		return err;
	snprintf(out->name, sizeof out->name, "%s-%s-1.noarch.rpm", p->name, p->version);
	snprintf(path, sizeof path, "%s/top/RPMS/noarch/%s", top, out->name);
	return read_rpm(path, out);
}

int package_rpm(const struct package *p, struct package_made *out, char why[PACKAGE_WHY_MAX])
{
	char top[] = "/tmp/assent-rpm.XXXXXX", words[LINE_SPACE] = "", text[128];
	int err = mkdtemp(top) ? 0 : -errno;

	if (err < 0) {
		snprintf(why, PACKAGE_WHY_MAX, "no folder in /tmp: %s", strerror(-err));
		return err == -ENOENT ? -EIO : err;
	}
	err = build(p, top, out);
	last_words(top, words);
	nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	if (err == -ENOENT && !words[0])
		snprintf(
		    why, PACKAGE_WHY_MAX,
		    TOOL
		    " is not installed: Debian has it in the package rpm, others in rpm-build");
	else if (err < 0)
		snprintf(why, PACKAGE_WHY_MAX, TOOL ": %s",
			 words[0] ? words : err_text(err, text, sizeof text));
	return err == -ENOENT && words[0] ? -EIO : err;
}
