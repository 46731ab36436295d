/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/transport/handle.h"
#include "proto/transport/outer.h"
#include "tests/support/ends.h"

static const struct secret key = {.bytes = {1, 2, 3}, .len = 32};

Test(handle, is_the_nonce_and_half_a_mac)
{
	/* printf 'console\0\x05\x43\x21\x01\x02\x03\x04\x05\x06\x07\x08' | openssl dgst -sha256
	 * -mac HMAC -macopt hexkey:01020300..00 */
	static const uint8_t want[RELAY_HANDLE_LEN] = {
	    1, 2, 3, 4, 5, 6, 7, 8, 0x80, 0xce, 0x60, 0xd5, 0x4d, 0x6e, 0xb7, 0x38};
	uint8_t handle[RELAY_HANDLE_LEN];

	cr_assert_eq(
	    handle_make(&key, RELAY_ROLE_CONSOLE, 0x54321, UINT64_C(0x0102030405060708), handle),
	    0);
	cr_assert_eq(memcmp(handle, want, sizeof want), 0);
	cr_assert_eq(handle_nonce(handle), UINT64_C(0x0102030405060708));
}

Test(handle, is_genuine_for_its_own_role_id_and_key_only)
{
	static const enum relay_role roles[] = {RELAY_ROLE_AGENT, RELAY_ROLE_CONSOLE};
	struct secret other = key;
	uint8_t handle[RELAY_HANDLE_LEN];

	other.bytes[31] ^= 1;
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(handle_make(&key, roles[i], 77, 99, handle), 0);
		cr_assert(handle_is_genuine(&key, roles[i], 77, handle));
		cr_assert_not(handle_is_genuine(&key, roles[!i], 77, handle));
		cr_assert_not(handle_is_genuine(&key, roles[i], 78, handle));
		cr_assert_not(handle_is_genuine(&other, roles[i], 77, handle));
	}
}

Test(handle, with_any_bit_changed_is_forged)
{
	uint8_t handle[RELAY_HANDLE_LEN];

	cr_assert_eq(handle_make(&key, RELAY_ROLE_AGENT, 77, 99, handle), 0);
	for (int bit = 0; bit < 8 * RELAY_HANDLE_LEN; bit++) {
		handle[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_not(handle_is_genuine(&key, RELAY_ROLE_AGENT, 77, handle), "bit %d", bit);
		handle[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	cr_assert(handle_is_genuine(&key, RELAY_ROLE_AGENT, 77, handle));
}

static int key_of(const struct pki *p, const struct ends *e, struct secret *out)
{
	SSL_CTX *ctx;

	cr_assert_eq(
	    outer_server_ctx(ends_pem(p->pem), ends_pem(p->key_pem), ends_pem(e->ca.pem), &ctx), 0);
	int err = handle_key(ctx, out);
	outer_ctx_free(ctx);
	return err;
}

Test(handle, keys_are_the_same_after_a_restart_and_others_for_another_relay)
{
	struct ends e;
	struct secret a, b, c;

	ends_init(&e);
	cr_assert_eq(key_of(&e.relay, &e, &a), 0);
	cr_assert_eq(key_of(&e.relay, &e, &b), 0);
	cr_assert_eq(key_of(&e.console, &e, &c), 0);
	cr_assert_eq(a.len, 32);
	cr_assert_eq(memcmp(&a, &b, sizeof a), 0);
	cr_assert_neq(memcmp(a.bytes, c.bytes, a.len), 0);
	ends_done(&e);
}

Test(handle, a_context_without_a_private_key_has_no_handles)
{
	struct ends e;
	struct secret none = {.len = 7};

	ends_init(&e);
	cr_assert_eq(handle_key(e.agent_ctx, &none), AS_E_TLS);
	cr_assert_eq(none.len, 7, "untouched");
	ends_done(&e);
}
