/* SPDX-License-Identifier: Apache-2.0
 *
 * An msi is made by wixl (of msitools), from a description in XML and the files in a temporary
 * folder, for the same reasons as an rpm by rpmbuild. It brings the files of the organisation to
 * where the agent for Windows looks for them, and nothing else; the agent itself has an msi of its
 * own.
 *
 * Windows knows things by 128-bit codes. Ours are names of texts: the same organisation has the
 * same ones for ever, so that a newer package replaces an older one, and a file that the customer's
 * administrator has changed is known again, and stays. wixl would take the package's own code and
 * the time from chance and the clock; both are written over in place, so that the same package
 * always has the same bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "console/package_tool.h"
#include "proto/base/err.h"

#define TOOL	   "wixl"
#define CODE_CHARS 38 /* {XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX} */

/* ---- codes ---- */

static uint64_t fnv(uint64_t h, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* Nobody gains from two texts with one code, so this hash need not resist anybody. */
static const char *code_of(const void *bytes, size_t n, char out[CODE_CHARS + 1])
{
	uint64_t a = fnv(UINT64_C(0xcbf29ce484222325), bytes, n);
	uint64_t b = fnv(a ^ UINT64_C(0x9e3779b97f4a7c15), bytes, n);

	/* version 8 of RFC 9562: made in a way of one's own */
	snprintf(out, CODE_CHARS + 1,
		 "{%08" PRIX64 "-%04" PRIX64 "-8%03" PRIX64 "-%04" PRIX64 "-%012" PRIX64 "}",
		 a >> 32, a >> 16 & 0xffff, a & 0xfff, (b >> 48 & 0x3fff) | 0x8000,
		 b & UINT64_C(0xffffffffffff));
	return out;
}

static const char *code_for(const char *what, const char *name, const char *more,
			    char out[CODE_CHARS + 1])
{
	char text[2 * PACKAGE_NAME_MAX];
	int n = snprintf(text, sizeof text, "assent %s %s %s", what, name, more);

	return code_of(text, n < (int)sizeof text ? (size_t)n : sizeof text - 1, out);
}

/* ---- the version ---- */

/* Windows compares three numbers, up to 255.255.65535. What is not such a version gets one of its
 * time, to the minute. */
static void version_of(const struct package *p, char out[32])
{
	unsigned a = 0, b = 0, c = 0;
	int end = 0;

	if (sscanf(p->version, "%3u.%3u.%5u%n", &a, &b, &c, &end) == 3 && !p->version[end] &&
	    a <= 255 && b <= 255 && c <= 65535) {
		snprintf(out, 32, "%u.%u.%u", a, b, c);
		return;
	}
	time_t t = (time_t)p->time;
	struct tm tm = {0};

	gmtime_r(&t, &tm);
	snprintf(out, 32, "%u.%u.%u", (unsigned)(tm.tm_year - 100) & 0xff, (unsigned)tm.tm_mon + 1,
		 (unsigned)((tm.tm_mday * 24 + tm.tm_hour) * 60 + tm.tm_min));
}

/* ---- the description ---- */

/* wixl puts $(...) in for words of its own and knows no way to write it, so no $ is in a text. */
static void put_text(FILE *f, const char *text)
{
	static const char *const names[][2] = {
	    {"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&apos;"}};

	for (; *text; text++) {
		const char *put = NULL;

		for (size_t i = 0; i < sizeof names / sizeof names[0] && !put; i++)
			put = names[i][0][0] == *text ? names[i][1] : NULL;
		if (put)
			fputs(put, f);
		else if (*text != '$')
			fputc(*text, f);
	}
}

static void put_attribute(FILE *f, const char *name, const char *before, const char *text)
{
	fprintf(f, " %s=\"%s", name, before);
	put_text(f, text);
	fputc('"', f);
}

static void put_head(FILE *f, const struct package *p, const char *version)
{
	char product[CODE_CHARS + 1], upgrade[CODE_CHARS + 1];

	code_for("package", p->name, p->version, product);
	code_for("upgrades", p->name, "", upgrade);
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	      "<Wix xmlns=\"http://schemas.microsoft.com/wix/2006/wi\">\n<Product",
	      f);
	put_attribute(f, "Name", "Assent agent: configuration of ", p->organisation);
	put_attribute(f, "Manufacturer", "", p->organisation);
	fprintf(
	    f,
	    " Id=\"%s\" UpgradeCode=\"%s\" Version=\"%s\" Language=\"1033\" Codepage=\"65001\">\n",
	    product, upgrade, version);
	fputs("<Package InstallerVersion=\"500\" Compressed=\"yes\" InstallScope=\"perMachine\"",
	      f);
	put_attribute(f, "Manufacturer", "", p->organisation);
	fputs("/>\n<Media Id=\"1\" Cabinet=\"config.cab\" EmbedCab=\"yes\"/>\n", f);
	/* whatever version was there: what is installed last counts; and it is taken away last, so
	 * that a file that was changed stays */
	fprintf(f,
		"<Upgrade Id=\"%s\"><UpgradeVersion Minimum=\"0.0.0\" IncludeMinimum=\"yes\" "
		"Property=\"OLDVERSION\"/></Upgrade>\n"
		"<InstallExecuteSequence><RemoveExistingProducts After=\"InstallFinalize\"/>"
		"</InstallExecuteSequence>\n",
		upgrade);
	fprintf(f,
		"<Property Id=\"CONFIGPACKAGE\"><RegistrySearch Id=\"rConfig\" Root=\"HKLM\" "
		"Key=\"SOFTWARE\\Assent\" Name=\"Configuration\" Type=\"raw\" "
		"Win64=\"yes\"/></Property>\n"
		"<Condition Message=\"The configuration of another organisation is installed. "
		"Remove it first.\">"
		"Installed OR NOT CONFIGPACKAGE OR CONFIGPACKAGE = \"%s\"</Condition>\n",
		p->name);
}

/* wixl looks for a file where the description is. */
static void put_files(FILE *f, const struct package *p)
{
	char code[CODE_CHARS + 1];

	fputs(
	    "<Directory Id=\"TARGETDIR\" Name=\"SourceDir\"><Directory Id=\"CommonAppDataFolder\">"
	    "<Directory Id=\"CONFIGFOLDER\" Name=\"Assent\">\n",
	    f);
	for (size_t i = 0; i < p->count; i++)
		fprintf(f,
			"<Component Id=\"c%zu\" Guid=\"%s\" Win64=\"yes\"><File Id=\"f%zu\" "
			"Name=\"%s\" "
			"Source=\"%s\" KeyPath=\"yes\"/></Component>\n",
			i, code_for("file", p->name, p->files[i].name, code), i, p->files[i].name,
			p->files[i].name);
	fprintf(f,
		"<Component Id=\"cName\" Guid=\"%s\" Win64=\"yes\"><RegistryValue Root=\"HKLM\" "
		"Key=\"SOFTWARE\\Assent\" Name=\"Configuration\" Type=\"string\" Value=\"%s\" "
		"KeyPath=\"yes\"/></Component>\n",
		code_for("name", p->name, "", code), p->name);
	fputs("</Directory></Directory></Directory>\n<Feature Id=\"fAll\" Level=\"1\">", f);
	for (size_t i = 0; i < p->count; i++)
		fprintf(f, "<ComponentRef Id=\"c%zu\"/>", i);
	fputs("<ComponentRef Id=\"cName\"/></Feature>\n</Product></Wix>\n", f);
}

static int write_description(const char *top, const struct package *p)
{
	FILE *f = tool_create(top, ".wxs");
	char version[32];

	if (!f)
		return -errno;
	version_of(p, version);
	put_head(f, p, version);
	put_files(f, p);
	return fclose(f) == 0 ? 0 : -errno;
}

/* ---- the same bytes ---- */

static uint32_t get_u32(const char *p)
{
	const uint8_t *b = (const uint8_t *)p;

	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void put_time(char *p, int64_t time)
{
	uint64_t t =
	    ((uint64_t)time + UINT64_C(11644473600)) * 10000000; /* since 1601, in 100 ns */

	for (int i = 0; i < 8; i++)
		p[i] = (char)(t >> 8 * i);
}

/* The summary's properties ([MS-OLEPS] 2.20): its two times (64), and the package's code (9) where
 * *code then points. */
static int fix_summary(struct package_made *m, int64_t time, char **code)
{
	static const uint8_t format[16] = {0xe0, 0x85, 0x9f, 0xf2, 0xf9, 0x4f, 0x68, 0x10,
					   0xab, 0x91, 0x08, 0x00, 0x2b, 0x27, 0xb3, 0xd9};
	char *at = memmem(m->bytes, m->len, format, sizeof format), *end = m->bytes + m->len;

	if (!at || at - m->bytes < 28 || end - at < 20)
		return AS_EBADMSG;

	char *section = at - 28 + get_u32(at + 16);
	if (section < at || end - section < 8 || get_u32(section + 4) > 64)
		return AS_EBADMSG;
	for (uint32_t i = 0; i < get_u32(section + 4); i++) {
		char *entry = section + 8 + 8 * i;
		if (end - entry < 8 || get_u32(entry + 4) > (uint32_t)(end - section))
			return AS_EBADMSG;

		char *value = section + get_u32(entry + 4);
		if (end - value < 8 + CODE_CHARS)
			return AS_EBADMSG;
		if (get_u32(value) == 64)
			put_time(value + 4, time);
		else if (get_u32(entry) == 9)
			*code = value + 8;
	}
	return *code && **code == '{' ? 0 : AS_EBADMSG;
}

static int fix(struct package_made *m, int64_t time)
{
	char *code = NULL, text[CODE_CHARS + 1];
	int err = fix_summary(m, time, &code);

	if (err < 0)
		return err;
	memset(code, 0, CODE_CHARS);
	memcpy(code, code_of(m->bytes, m->len, text), CODE_CHARS);
	return 0;
}

/* ---- all together ---- */

static int build(const struct package *p, const char *top, struct package_made *out)
{
	char path[2 * TOOL_PATH_MAX], wxs[TOOL_PATH_MAX], msi[TOOL_PATH_MAX],
	    tool[] = TOOL, arch[] = "-a", x64[] = "x64", to[] = "-o";
	int err = write_description(top, p);

	for (size_t i = 0; err == 0 && i < p->count; i++) {
		const struct timespec times[2] = {{.tv_sec = (time_t)p->time},
						  {.tv_sec = (time_t)p->time}};

		err = tool_write(top, p->files[i].name, p->files[i].bytes, p->files[i].len);
		snprintf(path, sizeof path, "%s/%s", top, p->files[i].name);
		if (err == 0 && utimensat(AT_FDCWD, path, times, 0) < 0)
			err = -errno;
	}
	snprintf(wxs, sizeof wxs, "%s/.wxs", top);
	snprintf(msi, sizeof msi, "%s/.msi", top);

	char *argv[] = {tool, arch, x64, to, msi, wxs, NULL};
	if (err == 0)
		err = tool_run(top, argv, p->time);
	if (err == 0)
		err = tool_read(msi, out);
	if (err == 0)
		err = fix(out, p->time);
	if (err < 0) {
		free(out->bytes);
		out->bytes = NULL;
	}
	snprintf(out->name, sizeof out->name, "%s-%s.msi", p->name, p->version);
	return err;
}

int package_msi(const struct package *p, struct package_made *out, char why[PACKAGE_WHY_MAX])
{
	static const struct tool_recipe recipe = {
	    .tool = TOOL,
	    .where = "Debian has it in the package wixl, others in msitools",
	    .build = build,
	    .silent = true,
	};

	return tool_package(&recipe, p, out, why);
}
