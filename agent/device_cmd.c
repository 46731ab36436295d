/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/device_cmd.h"

#include <stdio.h>
#include <string.h>

#include "agent/known.h"
#include "agent/plat/plat.h"
#include "proto/base/err.h"

#define PATH_ROOM 1200

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "assent-agent: %s: %s\n", what, why);
	return 1;
}

static int usage(void)
{
	fputs("assent-agent: usage: assent-agent device [list | forget HOST:PORT]\n", stderr);
	return 2;
}

static int known_path(char out[PATH_ROOM])
{
	int err = plat_state_dir(out, PATH_ROOM - sizeof KNOWN_FILE - 1);

	if (err == 0)
		strcat(out, "/" KNOWN_FILE);
	return err;
}

static int print(const struct known *k, void *arg)
{
	char shown[KNOWN_SHOWN];

	++*(unsigned *)arg;
	printf("%s  %s  %s\n", k->name, k->type, known_fingerprint(k->sha256, shown));
	return 0;
}

static int list(void)
{
	char path[PATH_ROOM], why[128];
	unsigned count = 0;
	int err = known_path(path);

	if (err == 0)
		err = known_each(path, print, &count);
	if (err < 0)
		return fail("the file of known devices cannot be used",
			    err_text(err, why, sizeof why));
	if (count == 0)
		puts("No device is known yet.");
	return 0;
}

/* "[HOST]:PORT", as it is listed and as a warning says it, HOST:PORT or HOST. */
static int parse(const char *text, struct device *out)
{
	char target[DEVICE_HOST_MAX + 32];
	const char *colon = strrchr(text, ':');
	bool is_name = text[0] == '[' && !memchr(text + 1, ':', strcspn(text + 1, "]"));
	int n;

	if (is_name) /* a name in brackets is no target, but it is how we write it */
		n = snprintf(target, sizeof target, "x@%.*s%s", (int)strcspn(text + 1, "]"),
			     text + 1, colon ? colon : "");
	else
		n = snprintf(target, sizeof target, "x@%s", text);
	return n < 0 || (size_t)n >= sizeof target || strchr(target, ',')
		   ? AS_E_SCOPE
		   : device_parse(target, out);
}

static int forget(const char *text)
{
	char path[PATH_ROOM], why[128];
	struct device d;

	if (parse(text, &d) < 0)
		return fail(text, "this is no device; \"device list\" shows those that are known");

	int gone = known_path(path);
	if (gone == 0)
		gone = known_forget(path, d.host, d.port);
	if (gone < 0)
		return fail("the file of known devices cannot be used",
			    err_text(gone, why, sizeof why));
	if (gone == 0)
		return fail(text, "its key is not known; \"device list\" shows those that are");
	puts("Its key is forgotten. You will be asked about the next one that it shows.");
	return 0;
}

int device_main(int argc, char **argv)
{
	if (argc == 1 || (argc == 2 && strcmp(argv[1], "list") == 0))
		return list();
	if (argc == 3 && strcmp(argv[1], "forget") == 0)
		return forget(argv[2]);
	return usage();
}
