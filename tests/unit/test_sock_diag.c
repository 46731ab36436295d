/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/collect/sock_diag.h"
#include "proto/base/err.h"

static struct inet_diag_msg sample(void)
{
	struct inet_diag_msg m = {
	    .idiag_family = AF_INET,
	    .idiag_state = SOCK_LISTEN,
	    .idiag_uid = 1000,
	    .idiag_inode = 4711,
	};

	m.id.idiag_sport = htons(7443);
	inet_pton(AF_INET, "192.0.2.5", m.id.idiag_src);
	return m;
}

Test(sock_diag, reads_a_listening_socket)
{
	struct inet_diag_msg m = sample();
	struct sock_inet s;

	cr_assert_eq(sock_inet_decode((const uint8_t *)&m, sizeof(m), &s), 0);
	cr_assert_str_eq(s.addr, "192.0.2.5");
	cr_assert_str_eq(s.peer, "*");
	cr_assert_eq(s.port, 7443);
	cr_assert_eq(s.inode, 4711u);
	cr_assert_str_eq(sock_state(s.state), "LISTEN");
}

Test(sock_diag, refuses_a_message_that_is_cut_anywhere)
{
	struct inet_diag_msg m = sample();
	struct sock_inet s;

	for (size_t cut = 0; cut < sizeof(m); cut++)
		cr_assert_eq(sock_inet_decode((const uint8_t *)&m, cut, &s), AS_ESHORT);
}

Test(sock_diag, passes_over_other_families)
{
	struct inet_diag_msg m = sample();
	struct sock_inet s;

	m.idiag_family = AF_UNIX;
	cr_assert_eq(sock_inet_decode((const uint8_t *)&m, sizeof(m), &s), AS_EUNAVAIL);
}

static int decode_unix(const char *name, uint16_t len, size_t cut, struct sock_unix *out)
{
	uint8_t p[512] = {0};
	struct unix_diag_msg m = {.udiag_type = SOCK_STREAM, .udiag_state = SOCK_LISTEN};
	struct nlattr a = {.nla_len = (uint16_t)(sizeof(a) + len), .nla_type = UNIX_DIAG_NAME};

	memcpy(p, &m, sizeof(m));
	memcpy(p + sizeof(m), &a, sizeof(a));
	memcpy(p + sizeof(m) + sizeof(a), name, len);
	return sock_unix_decode(p, sizeof(m) + sizeof(a) + len - cut, out);
}

Test(sock_diag, reads_the_names_of_unix_sockets)
{
	char filled[300];
	struct sock_unix s;

	cr_assert_eq(decode_unix("/run/x.sock", 12, 0, &s), 0);
	cr_assert_str_eq(s.path, "/run/x.sock");
	cr_assert_eq(decode_unix("\0abstract", 9, 0, &s), 0);
	cr_assert_str_eq(s.path, "@abstract");
	cr_assert_eq(decode_unix("", 0, 0, &s), 0);
	cr_assert_str_eq(s.path, "");
	memset(filled, 'x', sizeof(filled));
	cr_assert_eq(decode_unix(filled, sizeof(filled), 0, &s), 0);
	cr_assert_eq(strlen(s.path), SOCK_PATH_LEN);
}

Test(sock_diag, refuses_a_unix_socket_that_is_cut)
{
	struct sock_unix s;

	cr_assert_eq(decode_unix("/run/x.sock", 12, 1, &s), AS_EBADMSG);
	cr_assert_eq(decode_unix("", 0, sizeof(struct nlattr) + 1, &s), AS_ESHORT);
}

Test(sock_diag, has_no_word_for_what_it_does_not_know)
{
	cr_assert_str_eq(sock_state(0), "?");
	cr_assert_str_eq(sock_state(255), "?");
	cr_assert_str_eq(sock_unix_type(255), "?");
}

struct wanted {
	uint32_t inode;
	bool found;
};

static int on_socket(uint16_t type, const uint8_t *body, size_t n, void *arg)
{
	struct wanted *w = arg;
	struct sock_inet s;

	(void)type;
	cr_assert_eq(sock_inet_decode(body, n, &s), 0);
	w->found = w->found || (s.inode == w->inode && s.state == SOCK_LISTEN);
	return 0;
}

Test(sock_diag, finds_a_socket_of_its_own)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct stat st;

	cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0);
	cr_assert_eq(listen(fd, 1), 0);
	cr_assert_eq(fstat(fd, &st), 0);

	struct wanted w = {.inode = (uint32_t)st.st_ino};
	cr_assert_eq(sock_inet_dump(AF_INET, IPPROTO_TCP, on_socket, &w), 0);
	cr_assert(w.found);
	close(fd);
}
