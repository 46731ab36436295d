/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "agent/ipc/ipc.h"
#include "proto/base/err.h"

static size_t make(uint8_t *buf, enum ipc_type type, size_t len)
{
	struct ipc_msg m = {.type = type, .stream = 3, .value = 1, .code = 2, .len = len};

	ipc_header(&m, buf);
	memset(buf + IPC_HEADER, 'x', len);
	return IPC_HEADER + len;
}

Test(ipc, a_message_survives_the_pipe)
{
	uint8_t buf[IPC_HEADER + 32];
	struct ipc_msg m;
	size_t n = make(buf, IPC_NONCE, 32);

	cr_assert_eq(ipc_size(buf, n), (int)n);
	cr_assert_eq(ipc_decode(buf, n, &m), 0);
	cr_assert_eq(m.type, IPC_NONCE);
	cr_assert_eq(m.stream, 3);
	cr_assert_eq(m.value, 1);
	cr_assert_eq(m.code, 2);
	cr_assert_eq(m.len, 32);
	cr_assert_eq(m.payload[31], 'x');
}

Test(ipc, every_cut_is_noticed)
{
	uint8_t buf[IPC_HEADER + 32];
	struct ipc_msg m;
	size_t n = make(buf, IPC_NONCE, 32);

	for (size_t i = 0; i < n; i++)
		cr_assert_eq(ipc_decode(buf, i, &m), AS_E_PROTOCOL, "cut at %zu", i);
	for (size_t i = 0; i < IPC_HEADER; i++)
		cr_assert_eq(ipc_size(buf, i), 0);
}

Test(ipc, bytes_behind_the_message_are_an_error)
{
	uint8_t buf[IPC_HEADER + 33];
	struct ipc_msg m;
	size_t n = make(buf, IPC_NONCE, 32);

	cr_assert_eq(ipc_decode(buf, n + 1, &m), AS_E_PROTOCOL);
}

Test(ipc, a_length_that_its_type_may_not_have_is_an_error)
{
	static const struct {
		enum ipc_type type;
		size_t len;
	} bad[] = {
	    {IPC_NONCE, 31},
	    {IPC_NONCE, 33},
	    {IPC_PAKE_A, 64},
	    {IPC_PAKE_CA, 0},
	    {IPC_FIN, 1},
	    {IPC_DATA, 0},
	    {IPC_DATA, IPC_DATA_MAX + 1},
	    {IPC_REQUEST, 0},
	    {IPC_OPEN, 1},
	    {IPC_CONFIG, IPC_PAYLOAD_MAX + 1},
	    {IPC_PEER_UP, 10},
	    {IPC_RESUME, IPC_RESUME_HEAD + 1},
	    {IPC_RESUME, IPC_RESUME_LEN_MAX + 1},
	    {IPC_RESUMED, 31},
	    {IPC_RESUMED, 33},
	    {IPC_REATTACHED, 1},
	    {0, 0},
	    {31, 0},
	    {99, 0},
	};
	static uint8_t buf[IPC_MESSAGE_MAX + 16];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		make(buf, bad[i].type, bad[i].len);
		cr_assert_eq(ipc_size(buf, sizeof buf), AS_E_PROTOCOL, "case %zu", i);
	}
}

Test(ipc, the_peer_survives_the_pipe)
{
	static struct ipc_peer in = {.group = "x25519", .chain_len = IPC_CHAIN_MAX}, out;
	static uint8_t buf[IPC_PEER_LEN_MAX];

	in.binding[0] = 1;
	in.chain[IPC_CHAIN_MAX - 1] = 9;

	int n = ipc_peer_encode(&in, buf, sizeof buf);
	cr_assert_gt(n, 0);
	cr_assert_eq(ipc_peer_decode(buf, (size_t)n, &out), 0);
	cr_assert_str_eq(out.group, "x25519");
	cr_assert_eq(out.chain_len, IPC_CHAIN_MAX);
	cr_assert_eq(out.chain[IPC_CHAIN_MAX - 1], 9);
	cr_assert_eq(out.binding[0], 1);
}

Test(ipc, a_peer_whose_group_lies_about_its_length_is_refused)
{
	static struct ipc_peer out;
	uint8_t buf[IPC_BINDING_LEN + 32 + 1 + 4] = {0};

	buf[64] = 200;
	cr_assert_eq(ipc_peer_decode(buf, sizeof buf, &out), AS_E_PROTOCOL);
	buf[64] = 4; /* and no chain */
	cr_assert_eq(ipc_peer_decode(buf, sizeof buf, &out), AS_E_PROTOCOL);
	buf[64] = 2;
	memcpy(buf + 65, "a\033", 2);
	cr_assert_eq(ipc_peer_decode(buf, sizeof buf, &out), AS_E_PROTOCOL, "a control character");
}

Test(ipc, an_open_survives_the_pipe)
{
	static struct ipc_open in = {.op_id = 7,
				     .args = {.hours = 5,
					      .priority = 4,
					      .names_count = 1,
					      .names = {"example.org:443"},
					      .unit = "ssh.service",
					      .root = "/srv/app",
					      .paths_count = 2,
					      .paths = {"logs/\xff\n", ""},
					      .pattern = "fail|error",
					      .glob = "*.log",
					      .offset = UINT64_C(10) << 30,
					      .has_sha256 = true,
					      .sha256 = {1, 2, 3},
					      .size_min = 1,
					      .size_max = 2,
					      .newer_s = 3,
					      .older_s = 4,
					      .lines = 5,
					      .types = 6,
					      .flags = OPEN_FLAG_DEEP}},
			       out;
	static uint8_t buf[IPC_OPEN_LEN];

	ipc_open_encode(&in, buf);
	cr_assert_eq(ipc_open_decode(buf, sizeof buf, &out), 0);
	cr_assert_eq(memcmp(&in, &out, sizeof in), 0);
	cr_assert_eq(ipc_open_decode(buf, sizeof buf - 1, &out), AS_E_PROTOCOL);
}

static int open_again(const struct ipc_open *in)
{
	static uint8_t buf[IPC_OPEN_LEN];
	static struct ipc_open out;

	ipc_open_encode(in, buf);
	return ipc_open_decode(buf, sizeof buf, &out);
}

Test(ipc, an_open_with_values_out_of_range_is_refused)
{
	static const struct ipc_open good = {.op_id = 7};
	static struct ipc_open bad, out;
	static uint8_t buf[IPC_OPEN_LEN];

	cr_assert_eq(open_again(&good), 0);
	bad = good;
	bad.comp = 2;
	cr_assert_eq(open_again(&bad), AS_E_PROTOCOL);
	bad = good;
	bad.args.names_count = OP_NAMES_MAX + 1;
	cr_assert_eq(open_again(&bad), AS_E_PROTOCOL);
	bad = good;
	bad.args.paths_count = OP_PATHS_MAX + 1;
	cr_assert_eq(open_again(&bad), AS_E_PROTOCOL);
	bad = good;
	strcpy(bad.args.unit, "a\nb");
	cr_assert_eq(open_again(&bad), AS_E_PROTOCOL);
	bad = good;
	bad.args.flags = OPEN_FLAGS + 1;
	cr_assert_eq(open_again(&bad), AS_E_PROTOCOL);
	ipc_open_encode(&good, buf);
	memset(buf + 8 + 24, 'x', OP_NAME_MAX + 1); /* the first name, without an end */
	cr_assert_eq(ipc_open_decode(buf, sizeof buf, &out), AS_E_PROTOCOL);
}

Test(ipc, an_open_names_no_path_that_leaves_its_root)
{
	static const char *const bad[] = {"/etc/passwd", "..", "../x",	"a/../../b",
					  "a/..",	 ".",  "./a",	"a//b",
					  "a/",		 "/",  "a/./b", "a/../b"};
	static const char *const good[] = {"",		"a",	   "a/b",    "...",
					   "a/..b/c..", ".hidden", "a b\x1b"};
	static struct ipc_open o = {.op_id = 7, .args = {.paths_count = 1}};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		strcpy(o.args.paths[0], bad[i]);
		cr_assert_eq(open_again(&o), AS_E_PROTOCOL, "%s", bad[i]);
	}
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		memset(o.args.paths[0], 0, sizeof o.args.paths[0]);
		strcpy(o.args.paths[0], good[i]);
		cr_assert_eq(open_again(&o), 0, "%s", good[i]);
	}
}

static int make_resume(uint8_t *buf, size_t cap, size_t table_len, size_t own_len)
{
	static const uint8_t bytes[MUX_TABLE_LEN_MAX + 2] = {7, 8};
	struct ipc_resume r = {.n = 3,
			       .session_id = {1},
			       .mac = {2},
			       .table = bytes,
			       .table_len = table_len,
			       .own = bytes + 1,
			       .own_len = own_len};

	return ipc_resume_encode(&r, buf, cap);
}

Test(ipc, a_proof_survives_the_pipe_with_both_tables)
{
	static uint8_t buf[IPC_RESUME_LEN_MAX];
	struct ipc_resume r;
	int n = make_resume(buf, sizeof buf, MUX_TABLE_LEN_MAX, MUX_TABLE_LEN_MAX);

	cr_assert_eq(n, IPC_RESUME_LEN_MAX);
	cr_assert_leq(n, IPC_PAYLOAD_MAX, "it fits one message");
	cr_assert_eq(ipc_resume_decode(buf, (size_t)n, &r), 0);
	cr_assert_eq(r.n, 3);
	cr_assert_eq(r.session_id[0], 1);
	cr_assert_eq(r.mac[0], 2);
	cr_assert_eq(r.table_len, MUX_TABLE_LEN_MAX);
	cr_assert_eq(r.own_len, MUX_TABLE_LEN_MAX);
	cr_assert_eq(r.table[0], 7);
	cr_assert_eq(r.own[0], 8);
}

Test(ipc, a_proof_without_one_of_its_tables_is_refused)
{
	uint8_t buf[IPC_RESUME_HEAD + 30];
	struct ipc_resume r = {.n = 99};
	int n = make_resume(buf, sizeof buf, 10, 10);

	for (size_t i = 0; i <= IPC_RESUME_HEAD + 10; i++)
		cr_assert_eq(ipc_resume_decode(buf, i, &r), AS_E_PROTOCOL, "cut at %zu", i);
	cr_assert_eq(ipc_resume_decode(buf, (size_t)n, &r), 0);
	cr_assert_eq(r.own_len, 10);
	n = make_resume(buf, sizeof buf, 0, 10);
	r.n = 99;
	cr_assert_eq(ipc_resume_decode(buf, (size_t)n, &r), AS_E_PROTOCOL);
	cr_assert_eq(r.n, 99, "the output is untouched");
}

Test(ipc, a_table_that_is_longer_than_any_is_refused)
{
	static uint8_t buf[IPC_RESUME_LEN_MAX + 2];
	struct ipc_resume r;

	int n = make_resume(buf, sizeof buf, MUX_TABLE_LEN_MAX + 1, 1);
	cr_assert_eq(ipc_resume_decode(buf, (size_t)n, &r), AS_E_PROTOCOL);
	n = make_resume(buf, sizeof buf, 1, MUX_TABLE_LEN_MAX + 1);
	cr_assert_eq(ipc_resume_decode(buf, (size_t)n, &r), AS_E_PROTOCOL);
}

Test(ipc, a_way_goes_over_the_pipe_and_back)
{
	struct ipc_way way = {1, 1, 1, "relay.example", "443", "/assent"}, back;
	uint8_t buf[IPC_WAY_LEN_MAX + 1];
	int n = ipc_way_encode(&way, buf, sizeof buf);

	cr_assert_gt(n, 0);
	cr_assert_eq(ipc_way_decode(buf, (size_t)n, &back), 0);
	cr_assert(back.carrier == 1 && back.system_trust == 1 && back.only_greet == 1);
	cr_assert_str_eq(back.path, "/assent");
	for (int cut = 0; cut < n; cut++)
		cr_assert_eq(ipc_way_decode(buf, (size_t)cut, &back), AS_E_PROTOCOL);
	buf[n] = 0;
	cr_assert_eq(ipc_way_decode(buf, (size_t)n + 1, &back), AS_E_PROTOCOL);
	buf[0] = 3;
	cr_assert_eq(ipc_way_decode(buf, (size_t)n, &back), AS_E_PROTOCOL);
	buf[0] = 0;
	buf[3] = 250; /* longer than what is there, and than its field */
	cr_assert_eq(ipc_way_decode(buf, (size_t)n, &back), AS_E_PROTOCOL);
}
