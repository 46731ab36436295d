/* SPDX-License-Identifier: Apache-2.0
 *
 * A deb is an ar archive of three members, the last two of them compressed tar archives
 * (deb(5)). libarchive writes all of them, so nothing has to be installed to make one.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/package.h"
#include "proto/base/err.h"
#include "proto/base/log.h"

#define VERSION	  "2.0\n"
#define TEXT_MAX  4096
#define WHOLE_MAX (PACKAGE_BYTES_MAX / 2)

/* ---- archives in memory ---- */

struct buffer {
	char bytes[WHOLE_MAX];
	size_t len;
};

struct writer {
	struct archive *a;
	int64_t time;
	int err;
};

static void writer_open(struct writer *w, struct buffer *out, int64_t time,
			int (*format)(struct archive *), bool gzip)
{
	w->a = archive_write_new();
	w->time = time;
	w->err =
	    w->a && (!gzip || archive_write_add_filter_gzip(w->a) == ARCHIVE_OK) &&
		    format(w->a) == ARCHIVE_OK &&
		    (!gzip ||
		     archive_write_set_options(w->a, "gzip:!timestamp,gzip:compression-level=9") ==
			 ARCHIVE_OK) &&
		    archive_write_set_bytes_in_last_block(w->a, 1) == ARCHIVE_OK &&
		    archive_write_open_memory(w->a, out->bytes, sizeof out->bytes, &out->len) ==
			ARCHIVE_OK
		? 0
		: -ENOMEM;
}

static int writer_close(struct writer *w)
{
	if (w->err == 0 && archive_write_close(w->a) != ARCHIVE_OK)
		w->err = -EIO;
	archive_write_free(w->a);
	return w->err;
}

/* bytes NULL: a folder. After an error nothing more is written. */
static void put(struct writer *w, const char *name, const void *bytes, size_t len)
{
	struct archive_entry *e = w->err == 0 ? archive_entry_new() : NULL;

	if (!e) {
		w->err = w->err == 0 ? -ENOMEM : w->err;
		return;
	}
	archive_entry_set_pathname(e, name);
	archive_entry_set_filetype(e, bytes ? AE_IFREG : AE_IFDIR);
	archive_entry_set_perm(e, bytes ? 0644 : 0755);
	archive_entry_set_mtime(e, (time_t)w->time, 0);
	archive_entry_set_size(e, (la_int64_t)len);
	archive_entry_set_uname(e, "root");
	archive_entry_set_gname(e, "root");
	if (archive_write_header(w->a, e) != ARCHIVE_OK ||
	    (len > 0 && archive_write_data(w->a, bytes, len) != (la_ssize_t)len))
		w->err = -EIO;
	archive_entry_free(e);
}

/* ---- texts ---- */

struct text {
	char chars[TEXT_MAX];
	size_t len;
};

static void add(struct text *t, const char *fmt, ...) AS_PRINTF(2, 3);
static void add(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(t->chars + t->len, sizeof t->chars - t->len, fmt, ap);
	va_end(ap);
	t->len = t->len + (size_t)n < sizeof t->chars ? t->len + (size_t)n : sizeof t->chars - 1;
}

static void make_control(const struct package *p, struct text *t)
{
	size_t kib = 4;

	for (size_t i = 0; i < p->count; i++)
		kib += (p->files[i].len + 1023) / 1024;
	add(t, "Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: %s\n", p->name, p->version,
	    p->maintainer);
	add(t,
	    "Installed-Size: %zu\nDepends: assent-agent\nProvides: assent-agent-config\n"
	    "Conflicts: assent-agent-config\nReplaces: assent-agent-config\nSection: net\n"
	    "Priority: optional\n",
	    kib);
	add(t,
	    "Description: configuration of assent-agent by a support organisation\n"
	    " With it the agent of this computer calls the relay and believes the\n"
	    " engineers of this organisation, and no others:\n .\n  %s\n",
	    p->organisation);
}

static void make_copyright(const struct package *p, struct text *t)
{
	char when[PACKAGE_DATE_MAX];

	add(t,
	    "The configuration of assent-agent by this organisation:\n\n  %s\n\n"
	    "Copyright %.4s, that organisation. It may be installed and copied by its customers.\n",
	    p->organisation, package_date(p->time, when) + 12);
}

static void make_changelog(const struct package *p, struct text *t)
{
	char when[PACKAGE_DATE_MAX];

	add(t, "%s (%s) unstable; urgency=medium\n\n  * The configuration of that day.\n\n",
	    p->name, p->version);
	add(t, " -- %s  %s\n", p->maintainer, package_date(p->time, when));
}

/* ---- the members ---- */

static int make_control_tar(const struct package *p, struct buffer *out)
{
	struct writer w;
	struct text control = {.len = 0}, conffiles = {.len = 0};

	make_control(p, &control);
	for (size_t i = 0; i < p->count; i++)
		add(&conffiles, "/etc/assent/%s\n", p->files[i].name);
	writer_open(&w, out, p->time, archive_write_set_format_ustar, true);
	put(&w, "./", NULL, 0);
	put(&w, "./conffiles", conffiles.chars, conffiles.len);
	put(&w, "./control", control.chars, control.len);
	return writer_close(&w);
}

static int compress_text(const struct text *t, int64_t time, struct buffer *out)
{
	struct writer w;

	writer_open(&w, out, time, archive_write_set_format_raw, true);
	put(&w, "text", t->chars, t->len);
	return writer_close(&w);
}

static void put_folders(struct writer *w, const char *const folders[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(w, folders[i], NULL, 0);
}

static int make_data_tar(const struct package *p, struct buffer *scratch, struct buffer *out)
{
	static const char *const etc[] = {"./", "./etc/", "./etc/assent/"};
	static const char *const usr[] = {"./usr/", "./usr/share/", "./usr/share/doc/"};
	struct text copyright = {.len = 0}, changelog = {.len = 0};
	char path[PACKAGE_NAME_MAX + 64];
	struct writer w;

	make_copyright(p, &copyright);
	make_changelog(p, &changelog);

	int err = compress_text(&changelog, p->time, scratch);
	if (err < 0)
		return err;
	writer_open(&w, out, p->time, archive_write_set_format_ustar, true);
	put_folders(&w, etc, 3);
	for (size_t i = 0; i < p->count; i++) {
		snprintf(path, sizeof path, "./etc/assent/%s", p->files[i].name);
		put(&w, path, p->files[i].bytes, p->files[i].len);
	}
	put_folders(&w, usr, 3);
	snprintf(path, sizeof path, "./usr/share/doc/%s/", p->name);
	put(&w, path, NULL, 0);
	snprintf(path, sizeof path, "./usr/share/doc/%s/changelog.gz", p->name);
	put(&w, path, scratch->bytes, scratch->len);
	snprintf(path, sizeof path, "./usr/share/doc/%s/copyright", p->name);
	put(&w, path, copyright.chars, copyright.len);
	return writer_close(&w);
}

static int make_all(const struct package *p, struct buffer member[2], struct buffer *out)
{
	struct writer w;
	int err = make_data_tar(p, &member[0], &member[1]);

	if (err == 0)
		err = make_control_tar(p, &member[0]);
	if (err < 0)
		return err;
	writer_open(&w, out, p->time, archive_write_set_format_ar_bsd, false);
	put(&w, "debian-binary", VERSION, sizeof VERSION - 1);
	put(&w, "control.tar.gz", member[0].bytes, member[0].len);
	put(&w, "data.tar.gz", member[1].bytes, member[1].len);
	return writer_close(&w);
}

int package_deb(const struct package *p, struct package_made *out, char why[PACKAGE_WHY_MAX])
{
	struct buffer *b = calloc(3, sizeof *b);
	int err = b ? make_all(p, b, &b[2]) : -ENOMEM;

	if (err == 0 && !(out->bytes = malloc(b[2].len)))
		err = -ENOMEM;
	if (err == 0) {
		out->len = b[2].len;
		memcpy(out->bytes, b[2].bytes, b[2].len);
		snprintf(out->name, sizeof out->name, "%s_%s_all.deb", p->name, p->version);
	} else {
		snprintf(why, PACKAGE_WHY_MAX, "the deb cannot be written: %s", strerror(-err));
	}
	free(b);
	return err;
}
