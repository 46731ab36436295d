/* SPDX-License-Identifier: Apache-2.0
 *
 * Happy eyeballs. The resolver is ours: --wrap puts fakes in place of libuv's questions, which are
 * answered when the test says so, with whatever addresses it likes.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/transport/race.h"
#include "tests/support/ends.h"

enum { V6, V4 };

static struct ends e;
static uv_getaddrinfo_t *asked[2];
static uv_getaddrinfo_cb answer_to[2];
static const struct hostport relay = {"relay.example", "443"};

int __wrap_uv_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *req, uv_getaddrinfo_cb cb,
			  const char *node, const char *service, const struct addrinfo *hints);
void __wrap_uv_freeaddrinfo(struct addrinfo *list);
int __wrap_uv_cancel(uv_req_t *req);

int __wrap_uv_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *req, uv_getaddrinfo_cb cb,
			  const char *node, const char *service, const struct addrinfo *hints)
{
	int f = hints->ai_family == AF_INET6 ? V6 : V4;

	(void)loop;
	cr_assert_str_eq(node, "relay.example");
	cr_assert_str_eq(service, "443");
	asked[f] = req;
	answer_to[f] = cb;
	return 0;
}

void __wrap_uv_freeaddrinfo(struct addrinfo *list)
{
	while (list) {
		struct addrinfo *next = list->ai_next;

		free(list->ai_addr);
		free(list);
		list = next;
	}
}

int __wrap_uv_cancel(uv_req_t *req)
{
	(void)req;
	return UV_EBUSY; /* as a question that is being asked already */
}

/* ---- places ---- */

struct place {
	int fd, more[3];
	struct sockaddr_in addr;
};

static struct place place(int backlog)
{
	struct place p = {.more = {-1, -1, -1}};
	socklen_t n = sizeof p.addr;

	p.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uv_ip4_addr("127.0.0.1", 0, &p.addr);
	cr_assert_eq(bind(p.fd, (struct sockaddr *)&p.addr, sizeof p.addr), 0);
	cr_assert_eq(getsockname(p.fd, (struct sockaddr *)&p.addr, &n), 0);
	if (backlog >= 0)
		cr_assert_eq(listen(p.fd, backlog), 0);
	return p;
}

/* Its queue is full: whoever connects hears nothing, as behind a firewall that drops. */
static struct place hole(void)
{
	struct place p = place(0);

	for (int i = 0; i < 3; i++) {
		p.more[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)!connect(p.more[i], (struct sockaddr *)&p.addr, sizeof p.addr);
	}
	return p;
}

static void leave(struct place *p)
{
	close(p->fd);
	for (int i = 0; i < 3; i++)
		if (p->more[i] >= 0)
			close(p->more[i]);
}

/* ---- one race ---- */

static struct {
	bool done;
	struct report report;
	uv_tcp_t *tcp;
} seen;

static struct race *race;

static void on_done(const struct report *r, uv_tcp_t *tcp, void *owner)
{
	(void)owner;
	cr_assert_not(seen.done, "exactly once");
	seen.done = true;
	seen.report = *r;
	seen.tcp = tcp;
}

static void begin(void)
{
	ends_init(&e);
	memset(&seen, 0, sizeof seen);
	cr_assert_eq(race_start(&e.loop, &relay, on_done, NULL, &race), 0);
	cr_assert(asked[V6] && asked[V4], "both questions at once");
}

static void answer(int f, int status, const struct place *a, const struct place *b)
{
	const struct place *places[] = {b, a};
	struct addrinfo *list = NULL;
	uv_getaddrinfo_t *req = asked[f];

	for (int i = 0; i < 2; i++) {
		struct addrinfo *one = places[i] ? calloc(1, sizeof *one) : NULL;

		if (!one)
			continue;
		one->ai_addrlen = sizeof places[i]->addr;
		one->ai_addr = malloc(one->ai_addrlen);
		memcpy(one->ai_addr, &places[i]->addr, one->ai_addrlen);
		one->ai_next = list;
		list = one;
	}
	asked[f] = NULL;
	answer_to[f](req, status, list);
}

static void finish(void)
{
	if (seen.tcp)
		race_drop(seen.tcp);
	for (int f = 0; f < 2; f++)
		if (asked[f])
			answer(f, UV_ECANCELED, NULL, NULL);
	ends_done(&e);
}

static uint16_t port_reached(void)
{
	struct sockaddr_in peer;
	int n = sizeof peer;

	cr_assert_not_null(seen.tcp);
	cr_assert_eq(uv_tcp_getpeername(seen.tcp, (struct sockaddr *)&peer, &n), 0);
	return peer.sin_port;
}

Test(race, takes_ipv6_first)
{
	struct place six = place(4), four = place(4);

	begin();
	answer(V4, 0, &four, NULL);
	answer(V6, 0, &six, NULL);
	ENDS_UNTIL(&e, seen.done);
	cr_assert_eq(port_reached(), six.addr.sin_port);
	cr_assert_eq(seen.report.step, REPORT_DONE);
	cr_assert_eq(seen.report.addresses, 2);
	cr_assert_str_eq(seen.report.address, "127.0.0.1");
	finish();
	leave(&six);
	leave(&four);
}

Test(race, does_not_wait_for_a_name_server_that_answers_half)
{
	struct place four = place(4);

	begin();
	answer(V4, 0, &four, NULL);
	ENDS_UNTIL(&e, seen.done); /* AAAA is never answered */
	cr_assert_eq(port_reached(), four.addr.sin_port);
	finish();
	leave(&four);
}

Test(race, passes_a_broken_ipv6)
{
	struct place six = hole(), four = place(4);

	begin();
	answer(V6, 0, &six, NULL);
	answer(V4, 0, &four, NULL);
	ENDS_UNTIL(&e, seen.done);
	cr_assert_eq(port_reached(), four.addr.sin_port);
	finish();
	leave(&six);
	leave(&four);
}

Test(race, passes_addresses_that_refuse_at_once)
{
	struct place bad = place(-1), worse = place(-1), good = place(4);

	begin();
	answer(V6, 0, &bad, &good);
	answer(V4, 0, &worse, NULL);
	ENDS_UNTIL(&e, seen.done);
	cr_assert_eq(port_reached(), good.addr.sin_port);
	finish();
	leave(&bad);
	leave(&worse);
	leave(&good);
}

Test(race, takes_a_late_address_when_all_before_have_failed)
{
	struct place bad = place(-1), good = place(4);

	begin();
	answer(V6, 0, &bad, NULL);
	ENDS_UNTIL(&e, race_report(race).why == REPORT_REFUSED);
	cr_assert_not(seen.done);
	answer(V4, 0, &good, NULL);
	ENDS_UNTIL(&e, seen.done);
	cr_assert_eq(port_reached(), good.addr.sin_port);
	finish();
	leave(&bad);
	leave(&good);
}

static void fails_as(enum report_step step, enum report_why why)
{
	ENDS_UNTIL(&e, seen.done);
	cr_assert_null(seen.tcp);
	cr_assert_eq(seen.report.step, step);
	cr_assert_eq(seen.report.why, why, "%d", seen.report.why);
	cr_assert_lt(seen.report.err, 0);
	finish();
}

Test(race, says_what_failed)
{
	struct place bad = place(-1), silent = hole();

	begin();
	answer(V6, UV_EAI_AGAIN, NULL, NULL);
	answer(V4, UV_EAI_NONAME, NULL, NULL);
	fails_as(REPORT_NAME, REPORT_NAME_UNKNOWN);
	begin();
	answer(V6, UV_EAI_AGAIN, NULL, NULL);
	answer(V4, UV_EAI_AGAIN, NULL, NULL);
	fails_as(REPORT_NAME, REPORT_NAME_SILENT);
	begin();
	answer(V6, UV_EAI_NODATA, NULL, NULL);
	answer(V4, 0, &bad, NULL);
	fails_as(REPORT_CONNECT, REPORT_REFUSED);
	cr_assert_str_eq(seen.report.address, "127.0.0.1");
	begin();
	answer(V6, 0, &silent, NULL);
	answer(V4, 0, &silent, NULL);

	struct report now = race_report(race);
	cr_assert_eq(now.why, REPORT_NO_ANSWER);
	race_stop(race);
	finish();
	leave(&bad);
	leave(&silent);
}

Test(race, may_be_stopped_at_every_moment)
{
	struct place good = place(64), bad = place(-1);

	for (int turns = 0;; turns++) {
		begin();
		if (turns > 0)
			answer(V6, 0, &bad, NULL);
		if (turns > 1)
			answer(V4, 0, &good, NULL);
		for (int i = 2; i < turns && !seen.done; i++)
			ends_step(&e);
		if (seen.done)
			break;
		race_stop(race);
		finish();
		cr_assert_not(seen.done);
	}
	finish();
	leave(&good);
	leave(&bad);
}
