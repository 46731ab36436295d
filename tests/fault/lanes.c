/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/lanes.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fault/check.h"
#include "tests/fault/run.h"

#define CODES	    256
#define NO_LANE	    2 /* its exit code */
#define SCREEN_TAIL 3000
#define REPORT_MAX  (3 * SCREEN_TAIL + SCHEDULE_TEXT_MAX + RUN_WHY_MAX + 1024)

/* What a session sent after its beginning. */
struct traffic {
	uint64_t bytes;
	unsigned rounds, resumes;
};

/* Shared by all lanes. */
struct totals {
	atomic_uint next, done, failed, finished, goodbyes, compared, suspended, resumed;
	atomic_uint begun[FAULT_KINDS];
	atomic_uint agent_codes[CODES], console_codes[CODES];
	atomic_long peak_kib;
	struct traffic traffic[]; /* of each schedule; rounds 0: it had no good end */
};

static const char *tail(const struct actor *a)
{
	const char *text = a->pty.screen ? a->pty.screen : "";
	size_t n = strlen(text);

	return n > SCREEN_TAIL ? text + n - SCREEN_TAIL : text;
}

static void report(const struct run *r, const struct lanes_job *job)
{
	static char text[REPORT_MAX];
	char plan[SCHEDULE_TEXT_MAX], again[64] = "";

	if (job->goodbyes)
		snprintf(again, sizeof again, " --goodbye");
	else if (job->only != FAULT_KINDS)
		snprintf(again, sizeof again, " --only %s", fault_name(job->only));
	int n = snprintf(
	    text, sizeof text,
	    "\nFAILED seed %llu: %s\n%s  %zu of %zu faults had begun; agent %d, console %d\n"
	    "  again: ./run fault 1 %llu%s\n"
	    "---- relay ----\n%s\n---- agent ----\n%s\n---- console ----\n%s\n----\n",
	    (unsigned long long)r->plan.seed, r->why, schedule_text(&r->plan, plan), r->next,
	    r->plan.count, r->agent.ended ? r->agent.code : -1,
	    r->console.ended ? r->console.code : -1, (unsigned long long)r->plan.seed, again,
	    tail(&r->relay), tail(&r->agent), tail(&r->console));

	if (n > 0)
		(void)!write(STDOUT_FILENO, text,
			     (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

static void add_up(struct totals *t, const struct run *r, unsigned i)
{
	bool finished =
	    r->agent.ended && r->agent.code == 0 && r->console.ended && r->console.code == 0;
	unsigned resumed = actor_count(&r->console, "\"event\":\"resumed\"");

	t->done++;
	t->failed += r->why[0] != '\0';
	t->compared += r->compared;
	t->finished += finished;
	t->goodbyes += r->late && !finished && schedule_must_finish(&r->plan);
	if (finished && r->in_session)
		t->traffic[i] = (struct traffic){
		    .bytes = r->lane->proxies[FAULT_AT_AGENT].from_near - r->base_bytes,
		    .rounds = r->plan.rounds,
		    .resumes = resumed,
		};
	t->suspended += actor_count(&r->console, "\"event\":\"suspended\"");
	t->resumed += resumed;
	for (size_t k = 0; k < r->next; k++)
		t->begun[r->plan.faults[k].kind]++;
	if (r->agent.ended)
		t->agent_codes[r->agent.code & 255]++;
	if (r->console.ended)
		t->console_codes[r->console.code & 255]++;
	if (r->peak_kib > t->peak_kib)
		t->peak_kib = r->peak_kib;
}

static void one(struct lane *l, const struct lanes_job *job, unsigned i, struct totals *t)
{
	uint64_t seed = job->first + i;
	struct schedule plan;
	char text[SCHEDULE_TEXT_MAX];
	struct run *r = calloc(1, sizeof *r);

	if (!r)
		abort();
	if (job->goodbyes)
		schedule_make_goodbye(seed, &plan);
	else
		schedule_make(seed, job->only, &plan);
	run_play(r, l, &plan);
	check_run(r);
	uint64_t took = uv_now(&l->loop) - r->began_ms;
	run_stop(r);
	add_up(t, r, i);
	if (job->verbose)
		printf("seed %llu: %s, agent %d, console %d, %llu ms (%llu of the lane)%s\n%s",
		       (unsigned long long)seed, r->why[0] ? "FAILED" : "passed", r->agent.code,
		       r->console.code, (unsigned long long)took, (unsigned long long)r->ticked_ms,
		       r->late ? ", a fault in the goodbye" : "", schedule_text(&plan, text));
	if (r->why[0])
		report(r, job);
	run_free(r);
	free(r);
}

static _Noreturn void play(const struct site *s, unsigned number, const struct lanes_job *job,
			   struct totals *t)
{
	struct lane *l = calloc(1, sizeof *l);

	prctl(PR_SET_CHILD_SUBREAPER, 1); /* what outlives its parent becomes ours */
	signal(SIGXFSZ, SIG_IGN); /* the console, too, has to live with a write that fails */
	signal(SIGPIPE, SIG_IGN);
	if (!l || lane_open(l, s, number) != 0) {
		fprintf(stderr, "fault: lane %u cannot be opened\n", number);
		_exit(NO_LANE);
	}
	for (unsigned i; (i = t->next++) < job->count;)
		one(l, job, i, t);
	lane_close(l);
	free(l);
	fflush(stdout);
	_exit(0);
}

/* In a room of its own a lane sees its own processes only. Whoever looks through /proc, and the
 * agent does each time it ends a collector, does not look at those of all the other lanes. */
static _Noreturn void lane(const struct site *s, unsigned number, const struct lanes_job *job,
			   struct totals *t)
{
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!site_has_rooms() || unshare(CLONE_NEWPID) != 0)
		play(s, number, job, t);

	pid_t first = fork();
	if (first == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		play(s, number, job, t);
	}
	if (first < 0 || waitpid(first, &status, 0) != first)
		_exit(NO_LANE);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : NO_LANE);
}

static void print_codes(const char *who, const atomic_uint *codes)
{
	printf("%s' exit codes:", who);
	for (int i = 0; i < CODES; i++)
		if (codes[i])
			printf("  %u x %d", codes[i], i);
	putchar('\n');
}

/* A session that was never cut says what had to be sent; more than that was sent again. */
static void print_sent_again(const struct totals *t, unsigned count)
{
	uint64_t least[SCHEDULE_ROUNDS_MAX + 1], again, most = 0, all = 0;
	unsigned resumes = 0;

	memset(least, 0xff, sizeof least);
	for (unsigned i = 0; i < count; i++)
		if (t->traffic[i].resumes == 0 && t->traffic[i].bytes < least[t->traffic[i].rounds])
			least[t->traffic[i].rounds] = t->traffic[i].bytes;
	for (unsigned i = 0; i < count; i++) {
		const struct traffic *one = &t->traffic[i];

		if (one->rounds == 0 || one->resumes == 0 || least[one->rounds] == UINT64_MAX ||
		    one->bytes < least[one->rounds])
			continue;
		again = one->bytes - least[one->rounds];
		all += again;
		resumes += one->resumes;
		if (again / one->resumes > most)
			most = again / one->resumes;
	}
	if (resumes > 0)
		printf("sent again for each resume, handshakes included: %llu KiB on average, "
		       "%llu KiB at most\n",
		       (unsigned long long)(all / resumes / 1024),
		       (unsigned long long)(most / 1024));
}

static void print_totals(const struct totals *t, unsigned count)
{
	printf("\nfaults that began:");
	for (int i = 0; i < FAULT_KINDS; i++)
		printf(" %s %u", fault_name((enum fault_kind)i), t->begun[i]);
	putchar('\n');
	print_codes("agents", t->agent_codes);
	print_codes("consoles", t->console_codes);
	printf("%u suspended, %u resumed; %u large files compared with the customer's; at most "
	       "%ld MiB in the broker or assent-net\n",
	       t->suspended, t->resumed, t->compared, t->peak_kib / 1024);
	print_sent_again(t, count);
	printf("%u of %u schedules played, %u with a good end on both sides, %u cut in the "
	       "goodbye, %u failed\n",
	       t->done, count, t->finished, t->goodbyes, t->failed);
}

int lanes_run(const struct site *s, const struct lanes_job *job)
{
	size_t size = sizeof(struct totals) + job->count * sizeof(struct traffic);
	struct totals *t =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status, failed = 0;

	if (t == MAP_FAILED)
		return -1;
	fflush(stdout);
	for (unsigned i = 0; i < job->lanes && i < job->count; i++) {
		pid_t pid = fork();

		if (pid == 0)
			lane(s, i, job, t);
		if (pid < 0)
			failed = -1;
	}
	while (wait(&status) > 0)
		if (status != 0)
			failed = -1;
	print_totals(t, job->count);
	if (failed == 0)
		failed = t->done == job->count ? (int)t->failed : -1;
	munmap(t, size);
	return failed;
}
