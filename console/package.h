/* SPDX-License-Identifier: Apache-2.0
 *
 * A package of a few files, as the system of a customer's computer installs it. One file per
 * format, package_NAME.c, and one line in package.c. The same package always gives the same bytes.
 */
#ifndef AS_CONSOLE_PACKAGE_H
#define AS_CONSOLE_PACKAGE_H

#include <stddef.h>
#include <stdint.h>

#define PACKAGE_FILES_MAX  4
#define PACKAGE_TEXT_MAX   160
#define PACKAGE_NAME_MAX   (2 * PACKAGE_TEXT_MAX + 32)
#define PACKAGE_PERSON_MAX 512
#define PACKAGE_BYTES_MAX  (1u << 20)
#define PACKAGE_DATE_MAX   64
#define PACKAGE_WHY_MAX	   512

struct package_file {
	const char *name;  /* in /etc/assent; [A-Za-z0-9._-] */
	const char *bytes; /* not ours */
	size_t len;
};

/* Texts are one clean line each. name and version are words of ca_args.h: they mean nothing to a
 * shell. */
struct package {
	char name[PACKAGE_TEXT_MAX], version[PACKAGE_TEXT_MAX], maintainer[PACKAGE_PERSON_MAX];
	char organisation[PACKAGE_TEXT_MAX];
	struct package_file files[PACKAGE_FILES_MAX]; /* the administrator may change them */
	size_t count;
	int64_t time; /* of every file, and of the package */
};

struct package_made {
	char name[PACKAGE_NAME_MAX]; /* of the file */
	char *bytes;		     /* free() it */
	size_t len;
};

/* -ENOENT when the tool is not installed that the format needs; why says which. */
typedef int (*package_make)(const struct package *p, struct package_made *out,
			    char why[PACKAGE_WHY_MAX]);

struct package_format {
	const char *name; /* of --format */
	package_make make;
};

/* Ends with a NULL name. */
extern const struct package_format package_formats[];

/* "Thu, 26 Nov 2026 05:03:10 +0000", in English whatever the locale is. Returns out. */
const char *package_date(int64_t time, char out[PACKAGE_DATE_MAX]);

int package_deb(const struct package *p, struct package_made *out, char why[PACKAGE_WHY_MAX]);
int package_rpm(const struct package *p, struct package_made *out, char why[PACKAGE_WHY_MAX]);
int package_msi(const struct package *p, struct package_made *out, char why[PACKAGE_WHY_MAX]);

#endif
