/* SPDX-License-Identifier: Apache-2.0
 *
 * assent-net in the attacker's hands: stands in the place of the real one and says to a real
 * broker whatever the pipe lets it say. What it plays stands in the file "mode" beside it:
 *
 *   garbage  bytes that are no message
 *   steps    every message in the right order, with nothing behind them
 *   notices  "the relay goes away", again and again
 *   guesses  proofs of the code that are wrong
 *   greedy   has the code and an engineer's key; asks for "system" and opens everything
 *   liar     the same; then reads nothing any more and says that all was consumed
 *   quitter  the same; then it is gone in the middle of the data
 *   fickle   the same; gives up each item when it can send no more, and opens the next
 *   many     the same; opens as many as run at once, reads nothing of them, and opens one more
 *
 * As "assent-collect" it leaves a file "collected-OP" for the test, and unless it is greedy endless
 * output.
 */
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "agent/collect/collect.h"
#include "agent/ipc/ipc.h"
#include "proto/base/err.h"
#include "proto/e2e/code.h"
#include "proto/e2e/request.h"
#include "proto/e2e/spake2.h"

#define PIPE	     0
#define OPS	     16
#define ID	     UINT32_C(0x12345)
#define FILE_MAX     8192
#define NOTICES	     500
#define GUESSES	     5
#define LIES	     4000
#define RUNNING	     40 /* items that the broker runs at once */
#define FICKLE_ITEMS (RUNNING + 4)

static char here[PATH_MAX - 64];

struct insider {
	struct ipc_peer peer;
	uint8_t nonce[32], hello_hash[32];
	EVP_PKEY *key;
};

/* ---- the pipe; its end is ours ---- */

static void get(void *p, size_t n)
{
	for (uint8_t *at = p; n > 0;) {
		ssize_t got = read(PIPE, at, n);

		if (got <= 0)
			exit(0);
		at += got;
		n -= (size_t)got;
	}
}

static void put(const void *p, size_t n)
{
	for (const uint8_t *at = p; n > 0;) {
		ssize_t did = write(PIPE, at, n);

		if (did <= 0)
			exit(0);
		at += did;
		n -= (size_t)did;
	}
}

static void say(enum ipc_type type, uint32_t stream, uint64_t value, const void *p, size_t n)
{
	uint8_t header[IPC_HEADER];

	ipc_header(&(struct ipc_msg){.type = type, .stream = stream, .value = value, .len = n},
		   header);
	put(header, sizeof header);
	put(p, n);
}

/* The next message of this type (and mux type); others are passed over. */
static struct ipc_msg await(enum ipc_type type, uint32_t code)
{
	static uint8_t bytes[IPC_MESSAGE_MAX];
	struct ipc_msg m;

	do {
		get(bytes, IPC_HEADER);

		int size = ipc_size(bytes, IPC_HEADER);
		if (size < 0)
			exit(1);
		get(bytes + IPC_HEADER, (size_t)size - IPC_HEADER);
		if (ipc_decode(bytes, (size_t)size, &m) < 0)
			exit(1);
	} while (m.type != type || (type == IPC_SEND && m.code != code));
	return m;
}

static void fill(void *p, size_t n)
{
	if (getrandom(p, n, 0) != (ssize_t)n)
		exit(1);
}

static void read_for_ever(void)
{
	uint8_t bytes[4096];

	for (;;)
		get(bytes, sizeof bytes);
}

static size_t slurp(const char *name, char *out, size_t cap)
{
	char path[PATH_MAX];
	size_t n = 0;

	snprintf(path, sizeof path, "%s/%s", here, name);

	FILE *f = fopen(path, "re");
	if (f) {
		n = fread(out, 1, cap - 1, f);
		fclose(f);
	}
	out[n] = '\0';
	return n;
}

/* ---- what it plays ---- */

static void open_all(uint32_t first_stream)
{
	for (uint32_t op = 1; op <= OPS; op++) {
		struct ipc_open open = {.op_id = op};
		uint8_t bytes[IPC_OPEN_LEN];

		ipc_open_encode(&open, bytes);
		say(IPC_OPEN, first_stream + 2 * op, 0, bytes, sizeof bytes);
	}
}

static void steps(void)
{
	uint8_t junk[IPC_PEER_LEN_MAX];
	static const struct {
		enum ipc_type type;
		size_t len;
	} order[] = {
	    {IPC_ALLOCATED, 0}, {IPC_PEER_UP, 200},  {IPC_HELLOS, 32}, {IPC_PAKE_A, 65},
	    {IPC_PAKE_CA, 32},	{IPC_REQUEST, 2000}, {IPC_RESET, 0},   {IPC_CONSUMED, 0},
	};

	fill(junk, sizeof junk);
	junk[64] = 0; /* of struct ipc_peer: no name of a group */
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		say(order[i].type, 1, ID, junk, order[i].len);
		open_all(1);
	}
	say(IPC_NOTICE, 0, 7, NULL, 0); /* so that the test knows that all of it was heard */
	read_for_ever();
}

static void notices(void)
{
	say(IPC_ALLOCATED, 0, ID, NULL, 0);
	for (unsigned i = 0; i < NOTICES; i++)
		say(IPC_NOTICE, 0, 7000 + i, NULL, 0);
	read_for_ever();
}

/* Up to the nonce; the chain is an engineer's when there is one. */
static void call(struct insider *in)
{
	static char pem[FILE_MAX];
	uint8_t bytes[IPC_PEER_LEN_MAX];
	size_t n = slurp("engineer.crt", pem, sizeof pem);
	int len = cert_chain_from_pem(pem, n, in->peer.chain, sizeof in->peer.chain);

	in->peer.chain_len = len > 0 ? (size_t)len : 1;
	fill(in->peer.binding, sizeof in->peer.binding);
	fill(in->peer.agent_spki_sha256, sizeof in->peer.agent_spki_sha256);
	snprintf(in->peer.group, sizeof in->peer.group, "none");
	len = ipc_peer_encode(&in->peer, bytes, sizeof bytes);
	say(IPC_PEER_UP, 0, 0, bytes, (size_t)len);
	memcpy(in->nonce, await(IPC_NONCE, 0).payload, sizeof in->nonce);
	fill(in->hello_hash, sizeof in->hello_hash);
	say(IPC_HELLOS, 0, 0, in->hello_hash, sizeof in->hello_hash);
}

static void prove(struct insider *in, const struct code *code)
{
	struct secret w;
	uint8_t aad[SPAKE2_AAD_LEN], share[SPAKE2_SHARE_LEN], mac[SPAKE2_MAC_LEN];
	as_PakeShare theirs;

	memcpy(aad, in->peer.binding, 32);
	memcpy(aad + 32, in->hello_hash, 32);
	if (code_w(code, &w) < 0)
		exit(1);

	struct spake2 *pake = spake2_new(SPAKE2_CONSOLE, &w, aad);
	spake2_share(pake, share);
	say(IPC_PAKE_A, 0, 0, share, sizeof share);

	struct ipc_msg m = await(IPC_SEND, MUX_PAKE_B);
	if (msg_decode(MSG_PAKE_SHARE, m.payload, m.len, &theirs) < 0 ||
	    spake2_take(pake, theirs.point, sizeof theirs.point) < 0 || spake2_mac(pake, mac) < 0)
		exit(1);
	say(IPC_PAKE_CA, 0, 0, mac, sizeof mac);
	spake2_free(pake);
}

static void guesses(void)
{
	struct insider in = {0};

	say(IPC_ALLOCATED, 0, ID, NULL, 0);
	for (uint32_t i = 0; i < GUESSES; i++) {
		call(&in);
		prove(&in, &(struct code){.id = ID, .secret = i});
		await(IPC_DROP_PEER, 0);
	}
}

/* The test writes what it reads on the customer's screen into the file "code". */
static void hear_code(struct code *out)
{
	char text[64];

	while (slurp("code", text, sizeof text) == 0 || code_parse(text, out) < 0)
		poll(NULL, 0, 5);
}

static void ask(const struct insider *in)
{
	static char pem[FILE_MAX];
	static uint8_t bytes[REQUEST_MAX];
	EVP_PKEY *key = NULL;
	as_RequestBody body = {
	    .version = MSG_BODY_VERSION,
	    .engineer_id = "ada",
	    .engineer_name = "Ada Lovelace",
	    .organisation = "Acme Support",
	    .reason = "Checking the printer",
	    .duration_s = 600,
	    .scopes_count = 1,
	    .scopes = {{.kind = SCOPE_SYSTEM}},
	    .requested_at = (uint64_t)time(NULL),
	};
	size_t n = slurp("engineer.key", pem, sizeof pem);

	memcpy(body.binding, in->peer.binding, 32);
	memcpy(body.broker_nonce, in->nonce, 32);
	memcpy(body.hello_hash, in->hello_hash, 32);
	memcpy(body.agent_spki_sha256, in->peer.agent_spki_sha256, 32);
	if (sign_key_load(pem, n, &key) < 0)
		exit(1);

	int len = request_sign(&body, key, in->peer.chain, in->peer.chain_len, bytes, sizeof bytes);
	sign_key_free(key);
	if (len < 0)
		exit(1);
	say(IPC_REQUEST, 0, 0, bytes, (size_t)len);
}

/* It cannot know how much was sent: the broker overlooks what is too much or too little. */
static void lie(void)
{
	for (;;)
		for (uint64_t i = 1; i < LIES; i++)
			say(IPC_CONSUMED, 3, i * 8192, NULL, 0);
}

static void open_first(uint32_t stream)
{
	struct ipc_open open = {.op_id = 1};
	uint8_t bytes[IPC_OPEN_LEN];

	ipc_open_encode(&open, bytes);
	say(IPC_OPEN, stream, 0, bytes, sizeof bytes);
}

static void open_many(void)
{
	for (uint32_t i = 0; i < RUNNING; i++) {
		open_first(201 + 2 * i);
		await(IPC_ACCEPT, 0);
	}
	open_first(201 + 2 * RUNNING);
	if (await(IPC_REFUSE, 0).code == err_to_wire(AS_E_QUOTA))
		say(IPC_NOTICE, 0, 9, NULL, 0);
	read_for_ever();
}

static void give_up_each(void)
{
	for (uint32_t stream = 201; stream < 201 + 2 * FICKLE_ITEMS; stream += 2) {
		size_t got = 0;

		open_first(stream);
		while (got + IPC_DATA_MAX <= IPC_WINDOW) {
			struct ipc_msg m = await(IPC_DATA, 0);

			got += m.stream == stream ? m.len : 0;
		}
		say(IPC_RESET, stream, 0, NULL, 0);
	}
	say(IPC_NOTICE, 0, 7, NULL, 0);
}

static void insider(const char *mode)
{
	struct insider in = {0};
	struct code code;

	say(IPC_ALLOCATED, 0, ID, NULL, 0);
	hear_code(&code);
	call(&in);
	prove(&in, &code);
	await(IPC_AUTHED, 0);
	ask(&in);
	await(IPC_SEND, MUX_PENDING);
	/* While the customer reads: neither an answer of its own nor a swap may come through. */
	open_all(101);
	say(IPC_HELLOS, 0, 0, in.hello_hash, sizeof in.hello_hash);
	ask(&in);
	await(IPC_SEND, MUX_GRANT);
	if (strcmp(mode, "fickle") == 0) {
		give_up_each();
		read_for_ever();
	}
	if (strcmp(mode, "many") == 0)
		open_many();
	open_all(1);
	if (strcmp(mode, "liar") == 0)
		lie();
	if (strcmp(mode, "quitter") == 0) {
		await(IPC_DATA, 0);
		exit(0);
	}
	read_for_ever();
}

static int play_net(void)
{
	char mode[16];
	uint8_t junk[512];

	slurp("mode", mode, sizeof mode);
	if (strcmp(mode, "garbage") == 0) {
		memset(junk, 0xff, sizeof junk);
		put(junk, sizeof junk);
		read_for_ever();
	}
	if (strcmp(mode, "steps") == 0)
		steps();
	if (strcmp(mode, "notices") == 0)
		notices();
	if (strcmp(mode, "guesses") == 0)
		guesses();
	insider(mode);
	return 0;
}

static int play_collector(void)
{
	struct collect_args args = {0};
	char path[PATH_MAX], mode[16];

	get(&args, sizeof args);
	snprintf(path, sizeof path, "%s/collected-%u", here, (unsigned)args.op_id);

	FILE *f = fopen(path, "we");
	if (f)
		fclose(f);
	slurp("mode", mode, sizeof mode);
	for (char block[4096] = {0}; strcmp(mode, "greedy") != 0;)
		if (write(STDOUT_FILENO, block, sizeof block) <= 0)
			break;
	return 0;
}

int main(void)
{
	char exe[PATH_MAX - 64];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

	if (n <= 0)
		return 1;
	exe[n] = '\0';

	char *slash = strrchr(exe, '/');
	*slash = '\0';
	snprintf(here, sizeof here, "%s", exe);
	return strcmp(slash + 1, "assent-collect") == 0 ? play_collector() : play_net();
}
