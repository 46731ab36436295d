/* SPDX-License-Identifier: Apache-2.0
 *
 * The arithmetic, with P the generator, n the group order and the fixed points M and N:
 *
 *   console: pA = x P + w M     K = x (pB - w N)
 *   agent:   pB = y P + w N     K = y (pA - w M)
 *   TT = len || A || len || B || len || pA || len || pB || len || K || len || w
 *   Ke || Ka = SHA-256(TT)      KcA || KcB = HKDF(Ka, "ConfirmationKeys" || aad)
 *   cA = HMAC(KcA, TT)          cB = HMAC(KcB, TT)
 *
 * Lengths are 8 bytes, little-endian. P-256 has cofactor 1. w, x, y, K and all keys are secret:
 * they live in BN_FLG_CONSTTIME numbers and in this one allocation, which is wiped.
 */
#include "proto/e2e/spake2.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/e2e/hkdf.h"
#include "proto/e2e/spake2_priv.h"

#define POINT_COMPRESSED_LEN 33
#define CONFIRM_LABEL	     "ConfirmationKeys"
#define RESUME_LABEL	     "assent resume 0"

/* RFC 9382 section 4, P-256, compressed. */
static const uint8_t point_m[POINT_COMPRESSED_LEN] = {
    0x02, 0x88, 0x6e, 0x2f, 0x97, 0xac, 0xe4, 0x6e, 0x55, 0xba, 0x9d,
    0xd7, 0x24, 0x25, 0x79, 0xf2, 0x99, 0x3b, 0x64, 0xe1, 0x6e, 0xf3,
    0xdc, 0xab, 0x95, 0xaf, 0xd4, 0x97, 0x33, 0x3d, 0x8f, 0xa1, 0x2f,
};
static const uint8_t point_n[POINT_COMPRESSED_LEN] = {
    0x03, 0xd8, 0xbb, 0xd6, 0xc6, 0x39, 0xc6, 0x29, 0x37, 0xb0, 0x4d,
    0x99, 0x7f, 0x38, 0xc3, 0x77, 0x07, 0x19, 0xc6, 0x29, 0xd7, 0x01,
    0x4d, 0x49, 0xa2, 0x4b, 0x4f, 0x98, 0xba, 0xa1, 0x29, 0x2b, 0x49,
};

enum state { SPAKE2_FRESH, SPAKE2_TAKEN, SPAKE2_PROVED, SPAKE2_FAILED };

struct spake2 {
	enum spake2_role role;
	enum state state;
	char a[SPAKE2_IDENTITY_MAX + 1], b[SPAKE2_IDENTITY_MAX + 1];
	uint8_t aad[SPAKE2_AAD_LEN];
	size_t aad_len;
	bool bound; /* aad is what it will be */
	EC_GROUP *group;
	BN_CTX *bn; /* from secure defaults; its numbers are cleared when it is freed */
	BIGNUM *w, *scalar;
	uint8_t share[SPAKE2_SHARE_LEN];
	struct spake2_keys keys;
};

static EC_POINT *point_from(const struct spake2 *s, const uint8_t *p, size_t n)
{
	EC_POINT *point = EC_POINT_new(s->group);

	if (point && EC_POINT_oct2point(s->group, point, p, n, s->bn) == 1)
		return point;
	EC_POINT_free(point);
	return NULL;
}

static bool point_write(const struct spake2 *s, const EC_POINT *p, uint8_t out[SPAKE2_SHARE_LEN])
{
	return EC_POINT_point2oct(s->group, p, POINT_CONVERSION_UNCOMPRESSED, out, SPAKE2_SHARE_LEN,
				  s->bn) == SPAKE2_SHARE_LEN;
}

/* w times the fixed point of a side. */
static EC_POINT *mask_of(const struct spake2 *s, enum spake2_role side)
{
	const uint8_t *fixed = side == SPAKE2_CONSOLE ? point_m : point_n;
	EC_POINT *p = point_from(s, fixed, POINT_COMPRESSED_LEN);

	if (p && EC_POINT_mul(s->group, p, NULL, p, s->w, s->bn) == 1)
		return p;
	EC_POINT_free(p);
	return NULL;
}

static bool make_share(struct spake2 *s)
{
	EC_POINT *mask = mask_of(s, s->role);
	EC_POINT *p = EC_POINT_new(s->group);
	bool ok = mask && p && EC_POINT_mul(s->group, p, s->scalar, NULL, NULL, s->bn) == 1 &&
		  EC_POINT_add(s->group, p, p, mask, s->bn) == 1 && point_write(s, p, s->share);

	EC_POINT_clear_free(mask);
	EC_POINT_clear_free(p);
	return ok;
}

/* Bytes as a number below the group order, or NULL. Zero is refused: it would hide nothing. */
static BIGNUM *number_from(const struct spake2 *s, const uint8_t *p, size_t n)
{
	BIGNUM *raw = BN_bin2bn(p, (int)n, NULL);
	BIGNUM *v = BN_new();

	if (raw)
		BN_set_flags(raw, BN_FLG_CONSTTIME);
	if (v)
		BN_set_flags(v, BN_FLG_CONSTTIME);
	if (!raw || !v || BN_mod(v, raw, EC_GROUP_get0_order(s->group), s->bn) != 1 ||
	    BN_is_zero(v)) {
		BN_clear_free(v);
		v = NULL;
	}
	BN_clear_free(raw);
	return v;
}

/* 16 bytes more than the order has: the reduction has no bias that anybody could see. */
static BIGNUM *number_random(const struct spake2 *s)
{
	uint8_t raw[SPAKE2_SCALAR_LEN + 16];
	BIGNUM *v = NULL;

	if (RAND_priv_bytes(raw, sizeof raw) == 1)
		v = number_from(s, raw, sizeof raw);
	secret_wipe(raw, sizeof raw);
	return v;
}

static bool spake2_setup(struct spake2 *s, const struct spake2_input *in)
{
	if (strlen(in->a) > SPAKE2_IDENTITY_MAX || strlen(in->b) > SPAKE2_IDENTITY_MAX ||
	    in->aad_len > sizeof s->aad)
		return false;
	s->role = in->role;
	memcpy(s->a, in->a, strlen(in->a));
	memcpy(s->b, in->b, strlen(in->b));
	if (in->aad_len > 0)
		memcpy(s->aad, in->aad, in->aad_len);
	s->aad_len = in->aad_len;
	s->bound = true;

	s->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	s->bn = BN_CTX_new();
	if (!s->group || !s->bn)
		return false;
	s->w = number_from(s, in->w, in->w_len);
	s->scalar = in->scalar ? number_from(s, in->scalar, SPAKE2_SCALAR_LEN) : number_random(s);
	return s->w && s->scalar && make_share(s);
}

struct spake2 *spake2_new_from(const struct spake2_input *in)
{
	struct spake2 *s = calloc(1, sizeof *s);

	if (s && spake2_setup(s, in))
		return s;
	spake2_free(s);
	return NULL;
}

struct spake2 *spake2_new(enum spake2_role role, const struct secret *w,
			  const uint8_t aad[SPAKE2_AAD_LEN])
{
	struct spake2_input in = {
	    .role = role,
	    .a = "console",
	    .b = "agent",
	    .w = w->bytes,
	    .w_len = w->len,
	    .aad = aad,
	    .aad_len = aad ? SPAKE2_AAD_LEN : 0,
	};
	struct spake2 *s = spake2_new_from(&in);

	if (s)
		s->bound = aad != NULL;
	return s;
}

int spake2_bind(struct spake2 *s, const uint8_t aad[SPAKE2_AAD_LEN])
{
	if (s->bound)
		return AS_ESTATE;
	memcpy(s->aad, aad, SPAKE2_AAD_LEN);
	s->aad_len = SPAKE2_AAD_LEN;
	s->bound = true;
	return 0;
}

void spake2_free(struct spake2 *s)
{
	if (!s)
		return;
	BN_clear_free(s->w);
	BN_clear_free(s->scalar);
	BN_CTX_free(s->bn);
	EC_GROUP_free(s->group);
	secret_wipe(s, sizeof *s);
	free(s);
}

int spake2_aad(const uint8_t binding[32], const void *console_hello, size_t console_len,
	       const void *agent_hello, size_t agent_len, uint8_t out[SPAKE2_AAD_LEN])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t hash[SHA256_DIGEST_LENGTH];
	bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(md, console_hello, console_len) == 1 &&
		  EVP_DigestUpdate(md, agent_hello, agent_len) == 1 &&
		  EVP_DigestFinal_ex(md, hash, NULL) == 1;

	EVP_MD_CTX_free(md);
	if (!ok)
		return AS_E_INTERNAL;
	memcpy(out, binding, 32);
	memcpy(out + 32, hash, sizeof hash);
	return 0;
}

void spake2_share(const struct spake2 *s, uint8_t out[SPAKE2_SHARE_LEN])
{
	memcpy(out, s->share, SPAKE2_SHARE_LEN);
}

/* scalar * (peer's share - peer's mask), as bytes; AS_EBADMSG for the neutral element. */
static int shared_point(const struct spake2 *s, const uint8_t *share, uint8_t out[SPAKE2_SHARE_LEN])
{
	EC_POINT *peer = point_from(s, share, SPAKE2_SHARE_LEN);
	if (!peer)
		return AS_EBADMSG;

	enum spake2_role other = s->role == SPAKE2_CONSOLE ? SPAKE2_AGENT : SPAKE2_CONSOLE;
	EC_POINT *mask = mask_of(s, other);
	int err = AS_E_INTERNAL;

	if (mask && EC_POINT_invert(s->group, mask, s->bn) == 1 &&
	    EC_POINT_add(s->group, peer, peer, mask, s->bn) == 1 &&
	    EC_POINT_mul(s->group, peer, NULL, peer, s->scalar, s->bn) == 1) {
		if (EC_POINT_is_at_infinity(s->group, peer) == 1)
			err = AS_EBADMSG;
		else if (point_write(s, peer, out))
			err = 0;
	}
	EC_POINT_clear_free(mask);
	EC_POINT_clear_free(peer);
	return err;
}

static void put(struct spake2_keys *k, const void *p, size_t n)
{
	for (size_t i = 0; i < 8; i++)
		k->tt[k->tt_len++] = (uint8_t)((uint64_t)n >> (8 * i));
	if (n > 0)
		memcpy(k->tt + k->tt_len, p, n);
	k->tt_len += n;
}

static int make_transcript(struct spake2 *s, const uint8_t *peer, const uint8_t *shared)
{
	bool console = s->role == SPAKE2_CONSOLE;
	uint8_t w[SPAKE2_SCALAR_LEN];

	if (BN_bn2binpad(s->w, w, sizeof w) != (int)sizeof w)
		return AS_E_INTERNAL;
	put(&s->keys, s->a, strlen(s->a));
	put(&s->keys, s->b, strlen(s->b));
	put(&s->keys, console ? s->share : peer, SPAKE2_SHARE_LEN);
	put(&s->keys, console ? peer : s->share, SPAKE2_SHARE_LEN);
	put(&s->keys, shared, SPAKE2_SHARE_LEN);
	put(&s->keys, w, sizeof w);
	secret_wipe(w, sizeof w);
	return 0;
}

static int make_keys(struct spake2 *s)
{
	struct spake2_keys *k = &s->keys;
	uint8_t hash[SHA256_DIGEST_LENGTH], confirm[2 * SPAKE2_KEY_LEN];
	uint8_t info[sizeof CONFIRM_LABEL - 1 + SPAKE2_AAD_LEN] = CONFIRM_LABEL;

	SHA256(k->tt, k->tt_len, hash);
	memcpy(k->ke, hash, SPAKE2_KEY_LEN);
	memcpy(k->ka, hash + SPAKE2_KEY_LEN, SPAKE2_KEY_LEN);
	memcpy(info + sizeof CONFIRM_LABEL - 1, s->aad, s->aad_len);

	int err = hkdf(k->ka, sizeof k->ka, info, sizeof CONFIRM_LABEL - 1 + s->aad_len, confirm,
		       sizeof confirm);
	if (err == 0) {
		memcpy(k->kca, confirm, SPAKE2_KEY_LEN);
		memcpy(k->kcb, confirm + SPAKE2_KEY_LEN, SPAKE2_KEY_LEN);
	}
	secret_wipe(hash, sizeof hash);
	secret_wipe(confirm, sizeof confirm);
	return err;
}

int spake2_take(struct spake2 *s, const uint8_t *share, size_t n)
{
	uint8_t shared[SPAKE2_SHARE_LEN];

	if (s->state != SPAKE2_FRESH || !s->bound)
		return AS_ESTATE;
	s->state = SPAKE2_FAILED;
	if (n != SPAKE2_SHARE_LEN || share[0] != POINT_CONVERSION_UNCOMPRESSED)
		return AS_EBADMSG;

	int err = shared_point(s, share, shared);
	if (err == 0)
		err = make_transcript(s, share, shared);
	if (err == 0)
		err = make_keys(s);
	secret_wipe(shared, sizeof shared);
	if (err == 0)
		s->state = SPAKE2_TAKEN;
	return err;
}

static int mac_of(const struct spake2 *s, enum spake2_role side, uint8_t out[SPAKE2_MAC_LEN])
{
	const uint8_t *key = side == SPAKE2_CONSOLE ? s->keys.kca : s->keys.kcb;

	return HMAC(EVP_sha256(), key, SPAKE2_KEY_LEN, s->keys.tt, s->keys.tt_len, out, NULL)
		   ? 0
		   : AS_E_INTERNAL;
}

int spake2_mac(const struct spake2 *s, uint8_t out[SPAKE2_MAC_LEN])
{
	bool may =
	    s->state == SPAKE2_PROVED || (s->state == SPAKE2_TAKEN && s->role == SPAKE2_CONSOLE);

	return may ? mac_of(s, s->role, out) : AS_ESTATE;
}

int spake2_check(struct spake2 *s, const uint8_t *mac, size_t n)
{
	enum spake2_role other = s->role == SPAKE2_CONSOLE ? SPAKE2_AGENT : SPAKE2_CONSOLE;
	uint8_t want[SPAKE2_MAC_LEN];

	if (s->state != SPAKE2_TAKEN)
		return AS_ESTATE;
	s->state = SPAKE2_FAILED;

	int err = mac_of(s, other, want);
	if (err < 0)
		return err;
	if (n == sizeof want && secret_is_equal(mac, want, sizeof want))
		s->state = SPAKE2_PROVED;
	secret_wipe(want, sizeof want);
	return s->state == SPAKE2_PROVED ? 0 : AS_E_CODE_WRONG;
}

int spake2_resume_key(const struct spake2 *s, struct secret *out)
{
	if (s->state != SPAKE2_PROVED)
		return AS_ESTATE;

	int err = hkdf(s->keys.ke, sizeof s->keys.ke, RESUME_LABEL, sizeof RESUME_LABEL - 1,
		       out->bytes, 32);
	if (err == 0)
		out->len = 32;
	return err;
}

const struct spake2_keys *spake2_keys(const struct spake2 *s)
{
	return &s->keys;
}
