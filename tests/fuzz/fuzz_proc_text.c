/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernel's text files, parts of which any user of the computer can choose: names of
 * processes and mounts, and the systemd units that a tool prints.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/collect/name.h"
#include "agent/collect/proc_text.h"
#include "agent/collect/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX 8192

static void check(int holds)
{
	if (!holds)
		abort();
}

static void check_stat(const char *text)
{
	struct proc_stat p;

	if (proc_stat_parse(text, &p) < 0)
		return;
	check(p.pid > 0 && p.ppid >= 0);
	check(strlen(p.name) <= PROC_NAME_MAX);
	check((p.state >= 'A' && p.state <= 'Z') || (p.state >= 'a' && p.state <= 'z'));
}

static void check_mount(const char *text, size_t n)
{
	static struct mount m;

	if (mountinfo_parse(text, n, &m) < 0)
		return;
	check(m.where[0] != '\0' && strlen(m.where) <= MOUNT_PATH_MAX);
	check(m.type[0] != '\0' && strlen(m.type) < sizeof m.type);
	check(strlen(m.device) <= MOUNT_PATH_MAX);
}

static void check_values(const char *text)
{
	struct cpu_times t;
	uint64_t number;
	char value[32];

	if (proc_number(text, "MemTotal", &number) == 0)
		check(proc_count(text, "MemTotal") > 0);
	if (proc_field(text, "model name", value, sizeof value) == 0)
		check(strlen(value) < sizeof value && !strchr(value, '\n'));
	if (os_release_value(text, "PRETTY_NAME", value, sizeof value) == 0)
		check(strlen(value) < sizeof value && !strchr(value, '\n'));
	if (proc_pressure(text, value, sizeof value) == 0)
		check(value[0] != '\0' && strspn(value, "0123456789.") == strlen(value));
	if (proc_cpu_times(text, &t) == 0)
		check(cpu_busy_percent(&t, &t) == 0);
}

static void check_units(const char *text)
{
	char name[UNIT_NAME_MAX + 1];
	const char *at = text;

	while ((at = units_next(at, name)) != NULL) {
		check(name[0] != '\0' && strchr(name, '.'));
		check(!strpbrk(name, " \t\n/;|&$`'\""));
		check(at > text && at <= text + strlen(text));
	}
}

static void check_name(const char *text)
{
	const char *const argv[] = {"tool", text, NULL};
	char name[ITEM_NAME_MAX + 1];

	item_name_make(text, name);
	check(item_name_check(name) == 0);
	item_name_command("plugin", argv, name);
	check(item_name_check(name) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size > TEXT_MAX)
		return 0;
	/* In memory of its own, so that reading one byte too far is seen. */
	text = malloc(size + 1);
	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	check_stat(text);
	check_mount(text, strcspn(text, "\n"));
	check_values(text);
	check_units(text);
	check_name(text);
	free(text);
	return 0;
}
