/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/transport/race.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"

enum { V6, V4, FAMILIES };

/* Asking the resolver cannot be stopped once it runs: the request lives on without its race. */
struct lookup {
	uv_getaddrinfo_t req;
	struct race *r; /* NULL: nobody waits any more */
	int family;
};

/* One connect(). Its callback may come after the race has given it up. */
struct attempt {
	uv_connect_t req;
	uv_tcp_t *tcp;
	struct race *r; /* NULL: given up; the handle is then being closed already */
	struct sockaddr_storage addr;
	struct attempt *next;
};

struct race {
	uv_loop_t *loop;
	uv_timer_t pace;  /* the resolution delay, then the stagger */
	uv_timer_t limit; /* of the name, then of the connections */
	int held;
	bool over, told, racing;
	struct lookup *lookups[FAMILIES];
	struct sockaddr_storage addrs[FAMILIES][RACE_FAMILY_MAX];
	size_t count[FAMILIES], used[FAMILIES];
	int turn; /* whose address is tried next */
	struct attempt *attempts;
	uint64_t start_ms, race_ms;
	int name_err;
	struct report report;
	uv_tcp_t *tcp;
	race_done on_done;
	void *owner;
};

static void try_next(struct race *r);

/* ---- the end ---- */

static void on_dropped(uv_handle_t *handle)
{
	free(handle);
}

void race_drop(uv_tcp_t *tcp)
{
	uv_close((uv_handle_t *)tcp, on_dropped);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct race *r = handle->data;

	if (--r->held > 0)
		return;

	struct race end = *r;
	free(r);
	if (end.told)
		end.on_done(&end.report, end.tcp, end.owner);
	else if (end.tcp)
		race_drop(end.tcp);
}

static void give_up_attempts(struct race *r)
{
	while (r->attempts) {
		struct attempt *a = r->attempts;

		r->attempts = a->next;
		a->r = NULL;
		race_drop(a->tcp);
	}
}

static void end(struct race *r)
{
	if (r->over)
		return;
	r->over = true;
	give_up_attempts(r);
	for (int f = 0; f < FAMILIES; f++) {
		if (!r->lookups[f])
			continue;
		r->lookups[f]->r = NULL;
		(void)uv_cancel((uv_req_t *)&r->lookups[f]->req);
		r->lookups[f] = NULL;
	}
	uv_close((uv_handle_t *)&r->pace, on_timer_closed);
	uv_close((uv_handle_t *)&r->limit, on_timer_closed);
}

void race_stop(struct race *r)
{
	r->told = false;
	end(r);
}

static void finish(struct race *r, const struct report *report, uv_tcp_t *tcp)
{
	r->report = *report;
	r->tcp = tcp;
	end(r);
}

/* ---- what went wrong ---- */

static const char *address_text(const struct sockaddr_storage *a, char out[REPORT_ADDRESS_MAX + 1])
{
	out[0] = '\0';
	if (a->ss_family == AF_INET6)
		uv_ip6_name((const struct sockaddr_in6 *)a, out, REPORT_ADDRESS_MAX);
	else if (a->ss_family == AF_INET)
		uv_ip4_name((const struct sockaddr_in *)a, out, REPORT_ADDRESS_MAX);
	return out;
}

static enum report_why why_of(int err)
{
	switch (err) {
	case UV_ECONNREFUSED:
		return REPORT_REFUSED;
	case UV_ENETUNREACH:
	case UV_EHOSTUNREACH:
	case UV_EADDRNOTAVAIL:
	case UV_EAFNOSUPPORT:
	case UV_ENETDOWN:
		return REPORT_UNREACHABLE;
	case UV_ETIMEDOUT:
		return REPORT_NO_ANSWER;
	default:
		return REPORT_SYSTEM;
	}
}

/* Of several failures the one that says most is kept: who refuses is there. */
static void note_failure(struct race *r, const struct sockaddr_storage *addr, int err)
{
	static const enum report_why order[] = {REPORT_REFUSED, REPORT_NO_ANSWER, REPORT_SYSTEM,
						REPORT_UNREACHABLE};
	enum report_why why = why_of(err);

	for (size_t i = 0; i < 4 && r->report.why != REPORT_OK; i++) {
		if (r->report.why == order[i])
			return;
		if (why == order[i])
			break;
	}
	r->report.why = why;
	r->report.err = err;
	address_text(addr, r->report.address);
}

/* A name server that says "there is none" has answered, whatever the other question met. */
static void note_name(struct race *r, int err)
{
	bool unknown = err == UV_EAI_NONAME || err == UV_EAI_NODATA || err == UV_EAI_ADDRFAMILY;

	if (r->name_err == 0 || unknown)
		r->name_err = err;
}

static struct report name_report(const struct race *r)
{
	struct report out = r->report;

	out.step = REPORT_NAME;
	out.err = r->name_err < 0 ? r->name_err : UV_ETIMEDOUT;
	out.why =
	    out.err == UV_EAI_NONAME || out.err == UV_EAI_NODATA || out.err == UV_EAI_ADDRFAMILY
		? REPORT_NAME_UNKNOWN
	    : out.err == UV_EAI_AGAIN || out.err == UV_EAI_FAIL || out.err == UV_ETIMEDOUT
		? REPORT_NAME_SILENT
		: REPORT_SYSTEM;
	return out;
}

struct report race_report(const struct race *r)
{
	struct report out = r->report;

	if (r->count[V6] + r->count[V4] == 0)
		return name_report(r);
	out.step = REPORT_CONNECT;
	if (out.why == REPORT_OK || (r->attempts && out.why != REPORT_REFUSED)) {
		out.why = REPORT_NO_ANSWER;
		out.err = UV_ETIMEDOUT;
		if (r->attempts)
			address_text(&r->attempts->addr, out.address);
	}
	return out;
}

/* ---- the attempts ---- */

static void forget(struct race *r, const struct attempt *a)
{
	struct attempt **at = &r->attempts;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
}

static void win(struct race *r, const struct attempt *a)
{
	struct report done = r->report;

	done.step = REPORT_DONE;
	done.why = REPORT_OK;
	done.err = 0;
	address_text(&a->addr, done.address);
	done.connect_ms = (uint32_t)(uv_now(r->loop) - r->race_ms);
	finish(r, &done, a->tcp);
}

static void on_connected(uv_connect_t *req, int status)
{
	struct attempt *a = req->data;
	struct race *r = a->r;

	if (r) {
		forget(r, a);
		if (status == 0) {
			win(r, a);
		} else {
			note_failure(r, &a->addr, status);
			race_drop(a->tcp);
			try_next(r);
		}
	}
	free(a);
}

static int connect_to(struct race *r, const struct sockaddr_storage *addr)
{
	struct attempt *a = calloc(1, sizeof *a);
	uv_tcp_t *tcp = malloc(sizeof *tcp);
	int err = a && tcp ? uv_tcp_init(r->loop, tcp) : UV_ENOMEM;

	if (err < 0) {
		free(a);
		free(tcp);
		return err;
	}
	a->r = r;
	a->tcp = tcp;
	a->addr = *addr;
	a->req.data = a;
	err = uv_tcp_connect(&a->req, tcp, (const struct sockaddr *)addr, on_connected);
	if (err < 0) {
		free(a);
		race_drop(tcp);
		return err;
	}
	a->next = r->attempts;
	r->attempts = a;
	return 0;
}

/* The families take turns as long as both have some left. */
static const struct sockaddr_storage *next_address(struct race *r)
{
	for (int i = 0; i < FAMILIES; i++) {
		int f = (r->turn + i) % FAMILIES;

		if (r->used[f] == r->count[f])
			continue;
		r->turn = (f + 1) % FAMILIES;
		return &r->addrs[f][r->used[f]++];
	}
	return NULL;
}

static bool is_asking(const struct race *r)
{
	return r->lookups[V6] || r->lookups[V4];
}

static void on_pace(uv_timer_t *t)
{
	try_next(t->data);
}

static void on_limit(uv_timer_t *t)
{
	struct race *r = t->data;
	struct report late = race_report(r);

	finish(r, &late, NULL);
}

static void begin_racing(struct race *r)
{
	if (r->racing)
		return;
	r->racing = true;
	r->race_ms = uv_now(r->loop);
	r->report.name_ms = (uint32_t)(r->race_ms - r->start_ms);
	uv_timer_start(&r->limit, on_limit, RACE_CONNECT_MS, 0);
}

static void try_next(struct race *r)
{
	const struct sockaddr_storage *addr;

	begin_racing(r);
	uv_timer_stop(&r->pace);
	while ((addr = next_address(r)) != NULL) {
		int err = connect_to(r, addr);

		if (err == 0) {
			uv_timer_start(&r->pace, on_pace, RACE_STAGGER_MS, 0);
			return;
		}
		note_failure(r, addr, err);
	}
	if (!r->attempts && !is_asking(r)) {
		struct report failed = race_report(r);
		finish(r, &failed, NULL);
	}
}

/* ---- the name ---- */

static void keep_addresses(struct race *r, int family, const struct addrinfo *list)
{
	for (; list && r->count[family] < RACE_FAMILY_MAX; list = list->ai_next) {
		if (list->ai_addrlen > sizeof(struct sockaddr_storage))
			continue;
		memcpy(&r->addrs[family][r->count[family]++], list->ai_addr, list->ai_addrlen);
		r->report.addresses++;
	}
}

static void on_answer(struct race *r, int family)
{
	if (r->racing) {
		if (!r->attempts)
			try_next(r); /* all before had failed and waited for this */
		return;
	}
	if (r->count[V6] + r->count[V4] == 0) {
		if (!is_asking(r)) {
			struct report unknown = name_report(r);
			finish(r, &unknown, NULL);
		}
		return;
	}
	if (family == V4 && r->lookups[V6])
		uv_timer_start(&r->pace, on_pace, RACE_RESOLUTION_MS, 0);
	else
		try_next(r);
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *res)
{
	struct lookup *look = req->data;
	struct race *r = look->r;
	int family = look->family;

	free(look);
	if (r) {
		r->lookups[family] = NULL;
		if (status == 0)
			keep_addresses(r, family, res);
		else
			note_name(r, status);
		on_answer(r, family);
	}
	if (status == 0)
		uv_freeaddrinfo(res);
}

static int ask(struct race *r, const struct hostport *to, int family)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				       .ai_family = family == V6 ? AF_INET6 : AF_INET};
	struct lookup *look = calloc(1, sizeof *look);
	if (!look)
		return UV_ENOMEM;

	look->r = r;
	look->family = family;
	look->req.data = look;

	int err = uv_getaddrinfo(r->loop, &look->req, on_resolved, to->host, to->port, &hints);
	if (err < 0)
		free(look);
	else
		r->lookups[family] = look;
	return err;
}

int race_start(uv_loop_t *loop, const struct hostport *to, race_done on_done, void *owner,
	       struct race **out)
{
	struct race *r = calloc(1, sizeof *r);
	if (!r)
		return UV_ENOMEM;

	r->loop = loop;
	r->on_done = on_done;
	r->owner = owner;
	r->told = true;
	r->held = 2;
	uv_update_time(loop);
	r->start_ms = uv_now(loop);
	uv_timer_init(loop, &r->pace); /* cannot fail */
	uv_timer_init(loop, &r->limit);
	r->pace.data = r->limit.data = r;

	int v6 = ask(r, to, V6), v4 = ask(r, to, V4);
	if (v6 < 0 && v4 < 0) {
		race_stop(r);
		return v4;
	}
	uv_timer_start(&r->limit, on_limit, RACE_NAME_MS, 0);
	*out = r;
	return 0;
}
