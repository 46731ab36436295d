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
#include <stdio.h>
#include <string.h>

#include "console/package_tool.h"
#include "proto/base/err.h"

#define TOOL "rpmbuild"

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

static int write_spec(const char *top, const struct package *p)
{
	FILE *f = tool_create(top, ".spec");

	if (!f)
		return -errno;
	put_spec(f, p, top);
	return fclose(f) == 0 ? 0 : -errno;
}

/* ---- the tool ---- */

static int run_tool(const char *top, int64_t time)
{
	char defines[6][TOOL_PATH_MAX], spec[TOOL_PATH_MAX],
	    tool[] = TOOL, bb[] = "-bb", define[] = "--define", target[] = "--target",
	    noarch[] = "noarch";

	snprintf(defines[0], TOOL_PATH_MAX, "_topdir %s/top", top);
	snprintf(defines[1], TOOL_PATH_MAX, "_dbpath %s/db", top);
	snprintf(defines[2], TOOL_PATH_MAX, "_buildhost reproducible");
	snprintf(defines[3], TOOL_PATH_MAX, "use_source_date_epoch_as_buildtime 1");
	snprintf(defines[4], TOOL_PATH_MAX, "clamp_mtime_to_source_date_epoch 1");
	snprintf(defines[5], TOOL_PATH_MAX, "source_date_epoch_from_changelog 0");
	snprintf(spec, sizeof spec, "%s/.spec", top);

	char *argv[2 * 6 + 6] = {tool, bb, target, noarch};
	size_t n = 4;

	for (size_t i = 0; i < 6; i++) {
		argv[n++] = define;
		argv[n++] = defines[i];
	}
	argv[n] = spec;
	return tool_run(top, argv, time);
}

/* ---- all together ---- */

static int build(const struct package *p, const char *top, struct package_made *out)
{
	char path[2 * TOOL_PATH_MAX];
	int err = write_spec(top, p);

	for (size_t i = 0; err == 0 && i < p->count; i++)
		err = tool_write(top, p->files[i].name, p->files[i].bytes, p->files[i].len);
	if (err == 0)
		err = run_tool(top, p->time);
	if (err < 0)
		return err;
	snprintf(out->name, sizeof out->name, "%s-%s-1.noarch.rpm", p->name, p->version);
	snprintf(path, sizeof path, "%s/top/RPMS/noarch/%s", top, out->name);
	return tool_read(path, out);
}

int package_rpm(const struct package *p, struct package_made *out, char why[PACKAGE_WHY_MAX])
{
	static const struct tool_recipe recipe = {
	    .tool = TOOL,
	    .where = "Debian has it in the package rpm, others in rpm-build",
	    .build = build,
	};

	return tool_package(&recipe, p, out, why);
}
