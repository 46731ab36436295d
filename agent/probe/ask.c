/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probe/ask.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/probe/connect.h"
#include "agent/probe/dns.h"
#include "agent/probe/report.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

#define TRIES	    2 /* one datagram may be lost without anything being wrong */
#define PORT_DOMAIN 53

static void print_answer(struct report *r, const struct dns_answer *a, uint64_t ms)
{
	char type[DNS_TYPE_TEXT];

	report_line(r, "  answer   %s in %" PRIu64 " ms, %u records%s%s%s",
		    dns_rcode_text(a->rcode), ms, a->total,
		    a->authoritative ? ", authoritative" : "",
		    a->recursion ? "" : ", does not resolve for others",
		    a->cut ? ", cut to fit a datagram" : "");
	for (size_t i = 0; i < a->count; i++)
		report_line(r, "           %s %" PRIu32 " %s %s", a->at[i].name, a->at[i].ttl,
			    dns_type_text(a->at[i].type, type), a->at[i].text);
	if (a->total > a->count)
		report_line(r, "           %zu more not shown", a->total - a->count);
	report_result(r, "%s %" PRIu64 " ms", a->rcode == 0 ? "ok" : dns_rcode_text(a->rcode), ms);
}

/* Waits for the answer to q; datagrams that are none are passed over. */
static int receive(int fd, const struct dns_question *q, uint64_t until, struct dns_answer *a)
{
	uint8_t buf[DNS_MESSAGE_MAX + 1];
	int err;

	do {
		err = connect_wait(fd, POLLIN, until);
		if (err < 0)
			return err;

		ssize_t n = recv(fd, buf, sizeof(buf), 0);
		if (n < 0)
			return -errno;
		err = dns_answer_decode(buf, (size_t)n, q, a);
	} while (err == AS_ESTATE);
	return err;
}

struct ask {
	struct dns_question q;
	uint8_t bytes[DNS_QUERY_MAX]; /* q, encoded */
	size_t len;
};

static int exchange(int fd, const struct ask *ask, struct dns_answer *a, uint64_t start)
{
	int err = AS_E_TIMEOUT;

	for (uint64_t i = 1; i <= TRIES && err == AS_E_TIMEOUT; i++) {
		if (send(fd, ask->bytes, ask->len, 0) < 0)
			return -errno;
		err = receive(fd, &ask->q, start + i * STEP_MS / TRIES, a);
	}
	return err;
}

static int open_socket(const struct connect_try *to)
{
	int fd = socket(to->addr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	/* Connected: the kernel drops what others send and reports a closed port. */
	if (connect(fd, (const struct sockaddr *)&to->addr, to->addr_len) < 0) {
		int err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static void print_failure(struct report *r, int err)
{
	char why[80];

	if (err == AS_E_TIMEOUT)
		report_result(r, "no answer in %d s", STEP_MS / 1000);
	else if (err == -ECONNREFUSED)
		report_result(r, "refused, no name server runs there");
	else if (err == AS_ESHORT || err == AS_EBADMSG || err == AS_E_TOO_BIG)
		report_result(r, "malformed answer");
	else
		report_result(r, "%s", err_text(err, why, sizeof(why)));
}

static int prepare(const char *name, uint16_t type, struct ask *ask)
{
	size_t n = strlen(name);

	if (n > DNS_NAME_MAX)
		return AS_E_TOO_BIG;
	ask->q.type = type;
	memcpy(ask->q.name, name, n + 1);
	if (getrandom(&ask->q.id, sizeof(ask->q.id), 0) != sizeof(ask->q.id))
		return -EIO;

	int len = dns_question_encode(&ask->q, ask->bytes, sizeof(ask->bytes));
	ask->len = len < 0 ? 0 : (size_t)len;
	return len < 0 ? len : 0;
}

int ask_run(const char *server, const char *name, uint16_t type, struct report *r)
{
	struct dns_answer a;
	struct connect_set set;
	struct target t;
	struct ask ask;
	char text[DNS_TYPE_TEXT];
	int err = target_parse(server, PORT_DOMAIN, &t);

	if (err == 0)
		err = prepare(name, type, &ask);
	if (err < 0)
		return err;
	if (connect_lookup(&t, true, &set) != 0 || set.count == 0)
		return AS_EBADMSG;

	report_line(r, "server: %s", server);
	report_line(r, "  question %s %s", name, dns_type_text(type, text));
	uint64_t start = clock_mono_ms();
	int fd = open_socket(&set.at[0]);
	err = fd < 0 ? fd : exchange(fd, &ask, &a, start);
	if (err < 0)
		print_failure(r, err);
	else
		print_answer(r, &a, clock_mono_ms() - start);
	if (fd >= 0)
		close(fd);
	return 0;
}
