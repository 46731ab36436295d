/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/check.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/proc.h"

#define WAIT_MS	     10000
#define POLL_MS	     5
#define PEAK_MAX_KIB (400 << 10) /* of the broker or assent-net, sanitizers included */
#define SAID_MAX     4096
#define RECORD_TAIL  1200 /* bytes of a bad record that are shown */

/* ---- exit codes: cli.md's, and 0 where nothing excuses another ---- */

static bool is_one_of(int code, const int *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == code)
			return true;
	return false;
}

static void check_codes(struct run *r)
{
	static const int agent[] = {0, 10, 11, 12, 13, 14};
	static const int console[] = {0, 1, 10, 11, 12, 13, 14, 15};
	int a = r->agent.code, c = r->console.code;

	if (!is_one_of(a, agent, sizeof agent / sizeof *agent))
		run_fail(r, "the agent's exit code is %d", a);
	if (r->console.started && !is_one_of(c, console, sizeof console / sizeof *console))
		run_fail(r, "the console's exit code is %d", c);
	if (!schedule_must_finish(&r->plan))
		return;
	/* When the wire breaks in the goodbye, one end cannot know that the other has heard it. */
	if (r->late && (a == 0 || a == 13) && (c == 0 || c == 13) && a + c < 26)
		return;
	if (a != 0 || c != 0)
		run_fail(r,
			 "nothing forbids a good end, but the agent ends with %d and the "
			 "console with %d",
			 a, c);
}

static void check_screens(struct run *r)
{
	const struct actor *all[] = {&r->relay, &r->agent, &r->console};
	static const char *const names[] = {"relay", "agent", "console"};

	for (size_t i = 0; i < 3; i++)
		if (actor_shows(all[i], "Sanitizer") || actor_shows(all[i], "runtime error:"))
			run_fail(r, "a sanitizer speaks in the %s", names[i]);
}

/* ---- processes ---- */

static bool is_ours(const struct run *r, pid_t pid)
{
	return pid == getpid() || (actor_is_alive(&r->relay) && pid == r->relay.pid);
}

static void reap_orphans(const struct run *r)
{
	siginfo_t info;

	/* only looks, so that the relay's end stays for its own */
	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0 ||
		    is_ours(r, info.si_pid))
			return;
		waitpid(info.si_pid, NULL, 0);
	}
}

static void check_orphans(struct run *r)
{
	static struct proc all[PROC_BELOW_MAX];
	const struct proc *left = NULL;

	for (int waited = 0; waited < WAIT_MS; waited += POLL_MS) {
		reap_orphans(r);
		size_t n = proc_below(getpid(), all);
		left = NULL;
		for (size_t i = 0; i < n && !left; i++)
			if (!is_ours(r, all[i].pid))
				left = &all[i];
		if (!left)
			return;
		poll(NULL, 0, POLL_MS);
	}
	run_fail(r, "%s (%d) is left over", left->name, (int)left->pid);
}

/* ---- the relay ---- */

/* Not TLS: it must refuse, and be there to do so. */
static void check_relay(struct run *r)
{
	static const char hello[] = "GET / HTTP/1.0\r\n\r\n";
	const struct sockaddr_in *sa = &r->lane->proxies[0].relay;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};

	if (fd < 0 || connect(fd, (const struct sockaddr *)sa, sizeof *sa) != 0 ||
	    send(fd, hello, sizeof hello - 1, MSG_NOSIGNAL) < 0)
		run_fail(r, "the relay takes no connection any more");
	else if (poll(&p, 1, WAIT_MS) != 1)
		run_fail(r, "the relay does not answer any more");
	if (fd >= 0)
		close(fd);
}

/* Told to end, it ends; what a leak checker has to say comes then. */
static void check_relay_end(struct run *r)
{
	kill(r->relay.pid, SIGTERM);
	for (int waited = 0; waited < WAIT_MS && !r->relay.ended; waited += POLL_MS) {
		actor_reap(&r->relay);
		poll(NULL, 0, POLL_MS);
	}
	if (!r->relay.ended)
		run_fail(r, "the relay does not end");
	else if (r->relay.code != 0)
		run_fail(r, "the relay ended with %d", r->relay.code);
}

/* ---- what is left on disk ---- */

/* The only entry of the folder that begins or ends with `part`. How many there are. */
static int find_one(const char *dir, const char *part, char out[SITE_PATH_MAX])
{
	DIR *d = opendir(dir);
	int found = 0;

	if (!d)
		return 0;
	for (const struct dirent *e; (e = readdir(d)) != NULL;) {
		if (!strstr(e->d_name, part))
			continue;
		snprintf(out, SITE_PATH_MAX, "%.240s/%.240s", dir, e->d_name);
		found++;
	}
	closedir(d);
	return found;
}

static bool same_bytes(const char *a, const char *b)
{
	FILE *fa = fopen(a, "re"), *fb = fopen(b, "re");
	bool same = fa && fb;

	while (same) {
		char ba[16384], bb[16384];
		size_t na = fread(ba, 1, sizeof ba, fa), nb = fread(bb, 1, sizeof bb, fb);

		same = na == nb && memcmp(ba, bb, na) == 0;
		if (na == 0)
			break;
	}
	if (fa)
		fclose(fa);
	if (fb)
		fclose(fb);
	return same;
}

/* The hashes in the manifest are the console's own words; here the customer's file is asked. */
static void check_item(struct run *r, const char *bundle, const json_t *item)
{
	const char *path = json_string_value(json_object_get(item, "path"));
	const char *name = json_string_value(json_object_get(item, "name"));
	const char *state = json_string_value(json_object_get(item, "state"));
	char copy[2 * SITE_PATH_MAX];
	struct lane_file f;

	if (!path || !name || !state || strcmp(state, "ok") != 0 ||
	    json_is_true(json_object_get(item, "truncated")))
		return;
	for (size_t i = 0; lane_file(r->lane, i, &f); i++) {
		if (strcmp(path, f.inside) != 0)
			continue;
		snprintf(copy, sizeof copy, "%s/%s", bundle, name);
		r->compared++;
		if (!same_bytes(copy, f.outside))
			run_fail(r, "%s is not what the customer has", name);
	}
}

static void check_manifest(struct run *r, const char *bundle)
{
	char path[SITE_PATH_MAX + 32];
	size_t i;
	json_t *item;

	snprintf(path, sizeof path, "%s/manifest.json", bundle);

	json_t *manifest = json_load_file(path, 0, NULL);
	json_array_foreach(json_object_get(manifest, "items"), i, item)
	{
		check_item(r, bundle, item);
	}
	json_decref(manifest);
}

static bool disk_was_full(const struct run *r)
{
	return schedule_has(&r->plan, FAULT_DISK_FULL);
}

static void check_bundle(struct run *r)
{
	char program[SITE_PATH_MAX], bundle[SITE_PATH_MAX], said[SAID_MAX];
	int found = find_one(r->out, "assent-", bundle);

	if (!actor_shows(&r->console, "\"event\":\"granted\"") || (found == 0 && disk_was_full(r)))
		return;
	if (found != 1) {
		run_fail(r, "there are %d bundles", found);
		return;
	}
	check_manifest(r, bundle);
	int code = site_run((const char *[]){site_program(r->lane->site, "assent-console", program),
					     "bundle", "verify", bundle, NULL},
			    said, sizeof said);
	if (code != 0 && !(code == 1 && disk_was_full(r)))
		run_fail(r, "the bundle does not verify (%d): %s", code, said);
}

static void check_record(struct run *r)
{
	char program[SITE_PATH_MAX], dir[SITE_PATH_MAX + 32], record[SITE_PATH_MAX], said[SAID_MAX];

	snprintf(dir, sizeof dir, "%s/assent/record", r->state);
	if (find_one(dir, ".jsonl", record) != 1) {
		run_fail(r, "there is no record");
		return;
	}
	if (site_run((const char *[]){site_program(r->lane->site, "assent-agent", program),
				      "record", "verify", record, NULL},
		     said, sizeof said) == 0)
		return;

	char text[RECORD_TAIL + 1] = "";
	FILE *f = fopen(record, "re");
	if (f) {
		fseek(f, -RECORD_TAIL, SEEK_END);
		text[fread(text, 1, RECORD_TAIL, f)] = '\0';
		fclose(f);
	}
	run_fail(r, "the record does not verify: %s... %s", said, text);
}

void check_run(struct run *r)
{
	check_screens(r);
	if (r->why[0])
		return;
	check_codes(r);
	if (r->peak_kib > PEAK_MAX_KIB)
		run_fail(r, "the agent took %ld KiB", r->peak_kib);
	check_orphans(r);
	check_bundle(r);
	check_record(r);
	check_relay(r);
	check_relay_end(r);
	check_screens(r);
}
