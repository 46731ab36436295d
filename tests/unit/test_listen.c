/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "proto/base/err.h"
#include "proto/transport/dial.h"
#include "proto/transport/listen.h"
#include "tests/support/ends.h"

struct door {
	struct listener *l;
	int visitors, gone;
	uint64_t prefix;
	bool refuse;
};

static int on_visitor(uv_tcp_t *tcp, uint64_t prefix, void *owner)
{
	struct door *d = owner;

	d->visitors++;
	d->prefix = prefix;
	if (d->refuse)
		return AS_E_RATE;
	dial_drop(tcp);
	return 0;
}

static void on_gone(void *owner)
{
	struct door *d = owner;

	d->gone++;
}

static const struct listen_events events = {.on_visitor = on_visitor, .on_gone = on_gone};

static int connected, closed;

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	static char byte[1];

	(void)handle;
	(void)suggested;
	*buf = uv_buf_init(byte, 1);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	(void)buf;
	if (n < 0) {
		closed++;
		dial_drop((uv_tcp_t *)s);
	}
}

static void on_dialled(const struct report *r, uv_tcp_t *tcp, void *owner)
{
	(void)owner;
	cr_assert_eq(r->step, REPORT_DONE);
	connected++;
	uv_read_start((uv_stream_t *)tcp, on_alloc, on_read);
}

static void knock(struct ends *e, const struct door *d, int times)
{
	char text[LISTEN_TEXT_MAX];
	struct dial *dial;
	struct route way;

	cr_assert_eq(route_direct(listen_text(d->l, text), &way), 0);
	for (int i = 0; i < times; i++)
		cr_assert_eq(dial_start(&e->loop, &way, DIAL_TIMEOUT_MS, on_dialled, NULL, &dial),
			     0);
}

static void start(struct ends *e, struct door *d, struct listen_limits limits)
{
	ends_init(e);
	cr_assert_eq(listen_start(&e->loop, "127.0.0.1:0", &limits, &events, d, &d->l), 0);
}

static void stop(struct ends *e, struct door *d)
{
	listen_close(d->l);
	listen_close(d->l);
	ENDS_UNTIL(e, d->gone > 0);
	ends_done(e);
	cr_assert_eq(d->gone, 1);
}

Test(listen, hands_over_visitors_with_their_prefix)
{
	struct ends e;
	struct door d = {0};
	char text[LISTEN_TEXT_MAX];

	start(&e, &d, (struct listen_limits)LISTEN_LIMITS_DEFAULT);
	cr_assert_eq(strncmp(listen_text(d.l, text), "127.0.0.1:", 10), 0);
	cr_assert_str_neq(text, "127.0.0.1:0");
	knock(&e, &d, 3);
	ENDS_UNTIL(&e, closed == 3);
	cr_assert_eq(d.visitors, 3);
	cr_assert_str_eq(listen_prefix_text(d.prefix, text), "127.0.0.1/32");
	stop(&e, &d);
}

Test(listen, a_socket_that_listens_already_is_a_door_like_any_other)
{
	static const struct listen_limits limits = LISTEN_LIMITS_DEFAULT;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct ends e;
	struct door d = {0};
	char text[LISTEN_TEXT_MAX];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	cr_assert_eq(listen(fd, 1), 0);
	ends_init(&e);
	cr_assert_eq(listen_start_socket(&e.loop, fd, &limits, &events, &d, &d.l), 0);
	cr_assert_eq(strncmp(listen_text(d.l, text), "127.0.0.1:", 10), 0);
	knock(&e, &d, 3);
	ENDS_UNTIL(&e, closed == 3);
	cr_assert_eq(d.visitors, 3);
	stop(&e, &d);
}

Test(listen, closes_who_is_over_the_rate_of_his_prefix)
{
	struct ends e;
	struct door d = {0};

	start(&e, &d, (struct listen_limits){1000, 1000, 1, 4});
	knock(&e, &d, 12);
	ENDS_UNTIL(&e, closed == 12);
	cr_assert(d.visitors >= 4 && d.visitors < 12, "%d", d.visitors);
	stop(&e, &d);
}

Test(listen, lets_who_is_over_the_total_rate_wait)
{
	struct ends e;
	struct door d = {0};

	start(&e, &d, (struct listen_limits){100, 2, 1000, 1000});
	knock(&e, &d, 6);
	ENDS_UNTIL(&e, closed == 6);
	cr_assert_eq(d.visitors, 6, "later, but all of them");
	stop(&e, &d);
}

Test(listen, drops_a_visitor_that_nobody_takes)
{
	struct ends e;
	struct door d = {.refuse = true};

	start(&e, &d, (struct listen_limits)LISTEN_LIMITS_DEFAULT);
	knock(&e, &d, 2);
	ENDS_UNTIL(&e, closed == 2);
	stop(&e, &d);
}

Test(listen, may_be_closed_at_once)
{
	struct ends e;
	struct door d = {0};

	start(&e, &d, (struct listen_limits)LISTEN_LIMITS_DEFAULT);
	stop(&e, &d);
}

Test(listen, a_refused_address_leaves_nothing_behind)
{
	static const struct listen_limits limits = LISTEN_LIMITS_DEFAULT;
	struct ends e;
	struct door d = {0};
	struct listener *other;
	char text[LISTEN_TEXT_MAX];

	start(&e, &d, limits);
	cr_assert_eq(listen_start(&e.loop, listen_text(d.l, text), &limits, &events, &d, &other),
		     UV_EADDRINUSE);
	cr_assert_eq(listen_start(&e.loop, "nonsense", &limits, &events, &d, &other), AS_ECONFIG);
	stop(&e, &d);
}

Test(listen, a_prefix_is_a_whole_v4_address_or_56_bits_of_v6)
{
	struct sockaddr_in6 a, b, c, mapped;
	struct sockaddr_in v4;
	char text[LISTEN_PREFIX_TEXT_MAX];

	uv_ip6_addr("2001:db8:1:200::1", 1, &a);
	uv_ip6_addr("2001:db8:1:2ff:ffff::2", 2, &b);
	uv_ip6_addr("2001:db8:1:300::1", 1, &c);
	uv_ip6_addr("::ffff:192.0.2.7", 1, &mapped);
	uv_ip4_addr("192.0.2.7", 1, &v4);
	cr_assert_eq(listen_prefix((struct sockaddr *)&a), listen_prefix((struct sockaddr *)&b));
	cr_assert_neq(listen_prefix((struct sockaddr *)&a), listen_prefix((struct sockaddr *)&c));
	cr_assert_eq(listen_prefix((struct sockaddr *)&mapped),
		     listen_prefix((struct sockaddr *)&v4));
	cr_assert_str_eq(listen_prefix_text(listen_prefix((struct sockaddr *)&v4), text),
			 "192.0.2.7/32");
	cr_assert_str_eq(listen_prefix_text(listen_prefix((struct sockaddr *)&a), text),
			 "2001:db8:1:200::/56");
}
