/* SPDX-License-Identifier: Apache-2.0
 *
 * Where schedules play: one organisation for all of them, and a lane for each that runs at the
 * same time. A lane is a process with a folder, two proxies and two clocks of its own; as root it
 * has a mount namespace, too, in which a few files of this computer are replaced by large ones
 * that no compression makes small, and its folder lies in memory. Without root the lane collects
 * what there is.
 */
#ifndef AS_TESTS_FAULT_SITE_H
#define AS_TESTS_FAULT_SITE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "tests/fault/proxy.h"
#include "tests/fault/schedule.h"

#define SITE_PATH_MAX 512
#define SITE_TEXT_MAX 2048

struct site {
	char dir[SITE_PATH_MAX];
	char bin[SITE_PATH_MAX]; /* the programs */
	bool keep;		 /* the folder stays */
};

/* 0, or 1 with a line on stderr. log_bytes: of each of the large log files. */
int site_make(struct site *s, const char *bin, size_t log_bytes);
void site_done(struct site *s);

/* DIR/NAME. Returns out. */
const char *site_path(const struct site *s, const char *name, char out[SITE_PATH_MAX]);
const char *site_program(const struct site *s, const char *name, char out[SITE_PATH_MAX]);

/* Runs a program to its end: the exit code, and what it said. */
int site_run(const char *const argv[], char *out, size_t cap);

/* Removes a folder and what is in it. */
void site_remove(const char *path);

/* May a lane have a process namespace of its own, with its own /proc? */
bool site_has_rooms(void);

enum lane_clock { LANE_AGENT, LANE_CONSOLE, LANE_CLOCKS };

struct lane {
	const struct site *site;
	unsigned number;
	char dir[SITE_PATH_MAX];
	uv_loop_t loop;
	struct proxy proxies[FAULT_SIDES];
	int64_t *clock_ms[LANE_CLOCKS]; /* how far ahead */
	bool has_logs, has_mounts, in_memory;
};

int lane_open(struct lane *l, const struct site *s, unsigned number);
void lane_close(struct lane *l);
const char *lane_path(const struct lane *l, const char *name, char out[SITE_PATH_MAX]);

/* The agent's configuration, through the lane's proxy. */
int lane_write_config(const struct lane *l, unsigned resume_s);

/* The large files: where each lies outside the lane (outside), and what the customer has under that
 * name (inside). false: no such one. */
struct lane_file {
	char outside[SITE_PATH_MAX];
	const char *inside;
};
bool lane_file(const struct lane *l, size_t i, struct lane_file *out);

#endif
