/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <openssl/sha.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/hex.h"
#include "proto/e2e/code.h"
#include "proto/e2e/spake2.h"
#include "proto/e2e/spake2_priv.h"

/* RFC 9382 appendix B, the four vectors of SPAKE2-P256-SHA256-HKDF-HMAC. */
struct vector {
	const char *a, *b, *w, *x, *pa, *y, *pb, *k, *ke, *ka, *kca, *kcb, *conf_a, *conf_b;
};
static const struct vector vectors[] = {
    {
	.a = "server",
	.b = "client",
	.w = "2ee57912099d31560b3a44b1184b9b4866e904c49d12ac5042c97dca461b1a5f",
	.x = "43dd0fd7215bdcb482879fca3220c6a968e66d70b1356cac18bb26c84a78d729",
	.pa = "04a56fa807caaa53a4d28dbb9853b9815c61a411118a6fe516a8798434751470f9"
	      "010153ac33d0d5f2047ffdb1a3e42c9b4e6be662766e1eeb4116988ede5f912c",
	.y = "dcb60106f276b02606d8ef0a328c02e4b629f84f89786af5befb0bc75b6e66be",
	.pb = "0406557e482bd03097ad0cbaa5df82115460d951e3451962f1eaf4367a420676d0"
	      "9857ccbc522686c83d1852abfa8ed6e4a1155cf8f1543ceca528afb591a1e0b7",
	.k = "0412af7e89717850671913e6b469ace67bd90a4df8ce45c2af19010175e37eed69"
	     "f75897996d539356e2fa6a406d528501f907e04d97515fbe83db277b715d3325",
	.ke = "0e0672dc86f8e45565d338b0540abe69",
	.ka = "15bdf72e2b35b5c9e5663168e960a91b",
	.kca = "00c12546835755c86d8c0db7851ae86f",
	.kcb = "a9fa3406c3b781b93d804485430ca27a",
	.conf_a = "58ad4aa88e0b60d5061eb6b5dd93e80d9c4f00d127c65b3b35b1b5281fee38f0",
	.conf_b = "d3e2e547f1ae04f2dbdbf0fc4b79f8ecff2dff314b5d32fe9fcef2fb26dc459b",
    },
    {
	.a = "",
	.b = "client",
	.w = "0548d8729f730589e579b0475a582c1608138ddf7054b73b5381c7e883e2efae",
	.x = "403abbe3b1b4b9ba17e3032849759d723939a27a27b9d921c500edde18ed654b",
	.pa = "04a897b769e681c62ac1c2357319a3d363f610839c4477720d24cbe32f5fd85f44"
	      "fb92ba966578c1b712be6962498834078262caa5b441ecfa9d4a9485720e918a",
	.y = "903023b6598908936ea7c929bd761af6039577a9c3f9581064187c3049d87065",
	.pb = "04e0f816fd1c35e22065d5556215c097e799390d16661c386e0ecc84593974a61b"
	      "881a8c82327687d0501862970c64565560cb5671f696048050ca66ca5f8cc7fc",
	.k = "048f83ec9f6e4f87cc6f9dc740bdc2769725f923364f01c84148c049a39a735ebd"
	     "a82eac03e00112fd6a5710682767cff5361f7e819e53d8d3c3a2922e0d837aa6",
	.ke = "642f05c473c2cd79909f9a841e2f30a7",
	.ka = "0bf89b18180af97353ba198789c2b963",
	.kca = "c6be376fc7cd1301fd0a13adf3e7bffd",
	.kcb = "b7243f4ae60440a49b3f8cab3c1fba07",
	.conf_a = "47d29e6666af1b7dd450d571233085d7a9866e4d49d2645e2df975489521232b",
	.conf_b = "3313c5cefc361d27fb16847a91c2a73b766ffa90a4839122a9b70a2f6bd1d6df",
    },
    {
	.a = "server",
	.b = "",
	.w = "626e0cdc7b14c9db3e52a0b1b3a768c98e37852d5db30febe0497b14eae8c254",
	.x = "07adb3db6bc623d3399726bfdbfd3d15a58ea776ab8a308b00392621291f9633",
	.pa = "04f88fb71c99bfffaea370966b7eb99cd4be0ff1a7d335caac4211c4afd855e2e1"
	      "5a873b298503ad8ba1d9cbb9a392d2ba309b48bfd7879aefd0f2cea6009763b0",
	.y = "b6a4fc8dbb629d4ba51d6f91ed1532cf87adec98f25dd153a75accafafedec16",
	.pb = "040c269d6be017dccb15182ac6bfcd9e2a14de019dd587eaf4bdfd353f031101e7"
	      "cca177f8eb362a6e83e7d5e729c0732e1b528879c086f39ba0f31a9661bd34db",
	.k = "0445ee233b8ecb51ebd6e7da3f307e88a1616bae2166121221fdc0dadb986afaf3"
	     "ec8a988dc9c626fa3b99f58a7ca7c9b844bb3e8dd9554aafc5b53813504c1cbe",
	.ke = "005184ff460da2ce59062c87733c299c",
	.ka = "3521297d736598fc0a1127600efa1afb",
	.kca = "f3da53604f0aeecea5a33be7bddf6edf",
	.kcb = "9e3f86848736f159bd92b6e107ec6799",
	.conf_a = "bc9f9bbe99f26d0b2260e6456e05a86196a3307ec6663a18bf6ac825736533b2",
	.conf_b = "c2370e1bf813b086dff0d834e74425a06e6390f48f5411900276dcccc5a297ec",
    },
    {
	.a = "",
	.b = "",
	.w = "7bf46c454b4c1b25799527d896508afd5fc62ef4ec59db1efb49113063d70cca",
	.x = "8cef65df64bb2d0f83540c53632de911b5b24b3eab6cc74a97609fd659e95473",
	.pa = "04a65b367a3f613cf9f0654b1b28a1e3a8a40387956c8ba6063e8658563890f46c"
	      "a1ef6a676598889fc28de2950ab8120b79a5ef1ea4c9f44bc98f585634b46d66",
	.y = "d7a66f64074a84652d8d623a92e20c9675c61cb5b4f6a0063e4648a2fdc02d53",
	.pb = "04589f13218822710d98d8b2123a079041052d9941b9cf88c6617ddb2fcc049466"
	      "2eea8ba6b64692dc318250030c6af045cb738bc81ba35b043c3dcb46adf6f58d",
	.k = "041a3c03d51b452537ca2a1fea6110353c6d5ed483c4f0f86f4492ca3f378d40a9"
	     "94b4477f93c64d928edbbcd3e85a7c709b7ea73ee97986ce3d1438e135543772",
	.ke = "fc6374762ba5cf11f4b2caa08b2cd1b9",
	.ka = "907ae0e26e8d6234318d91583cd74c86",
	.kca = "5dbd2f477166b7fb6d61febbd77a5563",
	.kcb = "7689b4654407a5faeffdc8f18359d8a3",
	.conf_a = "dfb4db8d48ae5a675963ea5e6c19d98d4ea028d8e898dad96ea19a80ade95dca",
	.conf_b = "d0f0609d1613138d354f7e95f19fb556bf52d751947241e8c7118df5ef0ae175",
    },
};
#define VECTORS (sizeof vectors / sizeof vectors[0])

static const uint8_t aad[SPAKE2_AAD_LEN] = {1, 2, 3};
static const struct code right = {.id = 77, .secret = 123456};
static const struct code wrong = {.id = 77, .secret = 123457};

static struct spake2 *from_vector(const struct vector *v, enum spake2_role role)
{
	uint8_t w[32], scalar[32];

	hex_decode(v->w, w, sizeof w);
	hex_decode(role == SPAKE2_CONSOLE ? v->x : v->y, scalar, sizeof scalar);
	return spake2_new_from(&(struct spake2_input){
	    .role = role, .a = v->a, .b = v->b, .w = w, .w_len = sizeof w, .scalar = scalar});
}

static void expect_hex(const void *p, size_t n, const char *want)
{
	char hex[2 * SPAKE2_TT_MAX + 1];

	cr_assert_eq(strcmp(hex_encode(p, n, hex), want), 0, "%s is not %s", hex, want);
}

/* The transcript as the RFC spells it, put together here a second time. */
static size_t transcript(const struct vector *v, uint8_t *tt)
{
	uint8_t pa[65], pb[65], k[65], w[32];
	const struct {
		const void *p;
		size_t n;
	} parts[] = {
	    {v->a, strlen(v->a)}, {v->b, strlen(v->b)}, {pa, 65}, {pb, 65}, {k, 65}, {w, 32}};
	size_t n = 0;

	hex_decode(v->pa, pa, 65);
	hex_decode(v->pb, pb, 65);
	hex_decode(v->k, k, 65);
	hex_decode(v->w, w, 32);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		const uint8_t len[8] = {(uint8_t)parts[i].n};

		memcpy(tt + n, len, 8);
		memcpy(tt + n + 8, parts[i].p, parts[i].n);
		n += 8 + parts[i].n;
	}
	return n;
}

static void check_keys(const struct vector *v, const struct spake2 *s)
{
	const struct spake2_keys *k = spake2_keys(s);
	uint8_t tt[SPAKE2_TT_MAX];

	cr_assert_eq(transcript(v, tt), k->tt_len);
	cr_assert_eq(memcmp(tt, k->tt, k->tt_len), 0);
	expect_hex(k->ke, SPAKE2_KEY_LEN, v->ke);
	expect_hex(k->ka, SPAKE2_KEY_LEN, v->ka);
	expect_hex(k->kca, SPAKE2_KEY_LEN, v->kca);
	expect_hex(k->kcb, SPAKE2_KEY_LEN, v->kcb);
}

Test(spake2, gives_every_vector_of_the_rfc_bit_for_bit)
{
	for (size_t i = 0; i < VECTORS; i++) {
		const struct vector *v = &vectors[i];
		struct spake2 *a = from_vector(v, SPAKE2_CONSOLE),
			      *b = from_vector(v, SPAKE2_AGENT);
		uint8_t pa[SPAKE2_SHARE_LEN], pb[SPAKE2_SHARE_LEN], mac[SPAKE2_MAC_LEN];

		spake2_share(a, pa);
		spake2_share(b, pb);
		expect_hex(pa, sizeof pa, v->pa);
		expect_hex(pb, sizeof pb, v->pb);
		cr_assert_eq(spake2_take(a, pb, sizeof pb), 0);
		cr_assert_eq(spake2_take(b, pa, sizeof pa), 0);
		check_keys(v, a);
		check_keys(v, b);
		cr_assert_eq(spake2_mac(a, mac), 0);
		expect_hex(mac, sizeof mac, v->conf_a);
		cr_assert_eq(spake2_check(b, mac, sizeof mac), 0);
		cr_assert_eq(spake2_mac(b, mac), 0);
		expect_hex(mac, sizeof mac, v->conf_b);
		cr_assert_eq(spake2_check(a, mac, sizeof mac), 0);
		spake2_free(a);
		spake2_free(b);
	}
}

static struct spake2 *side(enum spake2_role role, const struct code *c, const uint8_t *data)
{
	struct secret w = {0};

	cr_assert_eq(code_w(c, &w), 0);
	return spake2_new(role, &w, data);
}

/* What the agent says to the console's confirmation. */
static int outcome(struct spake2 *console, struct spake2 *agent)
{
	uint8_t pa[SPAKE2_SHARE_LEN], pb[SPAKE2_SHARE_LEN], mac[SPAKE2_MAC_LEN];

	spake2_share(console, pa);
	spake2_share(agent, pb);
	cr_assert_eq(spake2_take(agent, pa, sizeof pa), 0);
	cr_assert_eq(spake2_take(console, pb, sizeof pb), 0);
	cr_assert_eq(spake2_mac(console, mac), 0);
	return spake2_check(agent, mac, sizeof mac);
}

Test(spake2, the_same_code_gives_both_sides_the_same_resume_key)
{
	struct spake2 *c = side(SPAKE2_CONSOLE, &right, aad), *a = side(SPAKE2_AGENT, &right, aad);
	struct secret k1 = {0}, k2 = {0};
	uint8_t mac[SPAKE2_MAC_LEN];

	cr_assert_eq(outcome(c, a), 0);
	cr_assert_eq(spake2_resume_key(c, &k1), AS_ESTATE);
	cr_assert_eq(spake2_mac(a, mac), 0);
	cr_assert_eq(spake2_check(c, mac, sizeof mac), 0);
	cr_assert_eq(spake2_resume_key(c, &k1), 0);
	cr_assert_eq(spake2_resume_key(a, &k2), 0);
	cr_assert_eq(k1.len, 32);
	cr_assert_eq(memcmp(k1.bytes, k2.bytes, 32), 0);
	spake2_free(c);
	spake2_free(a);
}

Test(spake2, a_wrong_code_is_found_and_burns_the_attempt)
{
	struct spake2 *c = side(SPAKE2_CONSOLE, &wrong, aad), *a = side(SPAKE2_AGENT, &right, aad);
	struct secret key;
	uint8_t mac[SPAKE2_MAC_LEN];

	cr_assert_eq(outcome(c, a), AS_E_CODE_WRONG);
	cr_assert_eq(spake2_mac(c, mac), 0);
	cr_assert_eq(spake2_check(a, mac, sizeof mac), AS_ESTATE);
	cr_assert_eq(spake2_mac(a, mac), AS_ESTATE);
	cr_assert_eq(spake2_resume_key(a, &key), AS_ESTATE);
	spake2_free(c);
	spake2_free(a);
}

Test(spake2, another_channel_looks_like_a_wrong_code)
{
	for (size_t at = 0; at < SPAKE2_AAD_LEN; at++) {
		uint8_t other[SPAKE2_AAD_LEN];

		memcpy(other, aad, sizeof other);
		other[at] ^= 1;

		struct spake2 *c = side(SPAKE2_CONSOLE, &right, other);
		struct spake2 *a = side(SPAKE2_AGENT, &right, aad);

		cr_assert_eq(outcome(c, a), AS_E_CODE_WRONG);
		spake2_free(c);
		spake2_free(a);
	}
}

Test(spake2, two_of_the_same_role_do_not_agree)
{
	struct spake2 *c = side(SPAKE2_CONSOLE, &right, aad);
	struct spake2 *d = side(SPAKE2_CONSOLE, &right, aad);

	cr_assert_eq(outcome(c, d), AS_E_CODE_WRONG);
	spake2_free(c);
	spake2_free(d);
}

Test(spake2, its_own_messages_sent_back_prove_nothing)
{
	struct spake2 *c = side(SPAKE2_CONSOLE, &right, aad);
	uint8_t share[SPAKE2_SHARE_LEN], mac[SPAKE2_MAC_LEN];

	spake2_share(c, share);
	cr_assert_eq(spake2_take(c, share, sizeof share), 0);
	cr_assert_eq(spake2_mac(c, mac), 0);
	cr_assert_eq(spake2_check(c, mac, sizeof mac), AS_E_CODE_WRONG);
	spake2_free(c);
}

Test(spake2, keeps_the_order_of_the_messages)
{
	struct spake2 *c = side(SPAKE2_CONSOLE, &right, aad), *a = side(SPAKE2_AGENT, &right, aad);
	uint8_t share[SPAKE2_SHARE_LEN], mac[SPAKE2_MAC_LEN] = {0};

	cr_assert_eq(spake2_mac(c, mac), AS_ESTATE);
	cr_assert_eq(spake2_check(a, mac, sizeof mac), AS_ESTATE);
	spake2_share(c, share);
	cr_assert_eq(spake2_take(a, share, sizeof share), 0);
	cr_assert_eq(spake2_take(a, share, sizeof share), AS_ESTATE);
	cr_assert_eq(spake2_mac(a, mac), AS_ESTATE, "the agent does not confirm first");
	cr_assert_eq(spake2_check(a, mac, sizeof mac - 1), AS_E_CODE_WRONG);
	spake2_free(c);
	spake2_free(a);
}

static int takes(const uint8_t *share, size_t n)
{
	struct spake2 *s = side(SPAKE2_AGENT, &right, aad);
	int err = spake2_take(s, share, n);

	spake2_free(s);
	return err;
}

Test(spake2, refuses_everything_but_an_uncompressed_point_of_the_curve)
{
	uint8_t good[SPAKE2_SHARE_LEN + 1] = {0}, bad[SPAKE2_SHARE_LEN + 1];
	const uint8_t infinity[1] = {0};

	hex_decode(vectors[0].pa, good, SPAKE2_SHARE_LEN);
	cr_assert_eq(takes(good, SPAKE2_SHARE_LEN), 0);
	cr_assert_eq(takes(good, SPAKE2_SHARE_LEN - 1), AS_EBADMSG, "cut short");
	cr_assert_eq(takes(good, SPAKE2_SHARE_LEN + 1), AS_EBADMSG, "too long");
	cr_assert_eq(takes(good, 0), AS_EBADMSG);
	cr_assert_eq(takes(infinity, 1), AS_EBADMSG, "infinity as one byte");

	memset(bad, 0, sizeof bad);
	cr_assert_eq(takes(bad, SPAKE2_SHARE_LEN), AS_EBADMSG, "infinity, long");
	bad[0] = 4;
	cr_assert_eq(takes(bad, SPAKE2_SHARE_LEN), AS_EBADMSG, "(0, 0)");
	memset(bad + 1, 0xff, SPAKE2_SHARE_LEN - 1);
	cr_assert_eq(takes(bad, SPAKE2_SHARE_LEN), AS_EBADMSG, "coordinates over the field");

	for (size_t at = 1; at < SPAKE2_SHARE_LEN; at++) {
		memcpy(bad, good, sizeof bad);
		bad[at] ^= 1;
		cr_assert_eq(takes(bad, SPAKE2_SHARE_LEN), AS_EBADMSG, "off the curve at %zu", at);
	}
	memcpy(bad, good, sizeof bad);
	for (unsigned form = 0; form < 256; form++) {
		bad[0] = (uint8_t)form;
		cr_assert_eq(takes(bad, SPAKE2_SHARE_LEN), form == 4 ? 0 : AS_EBADMSG, "form %u",
			     form);
	}
	bad[0] = 2 + (good[SPAKE2_SHARE_LEN - 1] & 1);
	cr_assert_eq(takes(bad, 33), AS_EBADMSG, "compressed");
}

/* w M itself as share: what is left after the mask is the neutral element. */
Test(spake2, refuses_a_share_that_leads_to_the_neutral_element)
{
	static const uint8_t one[32] = {[31] = 1};
	/* M of RFC 9382, uncompressed */
	uint8_t m[SPAKE2_SHARE_LEN];
	struct spake2 *s = spake2_new_from(
	    &(struct spake2_input){.role = SPAKE2_AGENT, .a = "", .b = "", .w = one, .w_len = 32});

	hex_decode("04886e2f97ace46e55ba9dd7242579f2993b64e16ef3dcab95afd497333d8fa12f"
		   "5ff355163e43ce224e0b0e65ff02ac8e5c7be09419c785e0ca547d55a12e2d20",
		   m, sizeof m);
	cr_assert_eq(spake2_take(s, m, sizeof m), AS_EBADMSG);
	spake2_free(s);
}

Test(spake2, refuses_numbers_that_are_zero_modulo_the_order)
{
	uint8_t order[32];
	static const uint8_t one[32] = {[31] = 1};
	struct spake2_input in = {.a = "", .b = "", .w = order, .w_len = 32, .scalar = one};

	hex_decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", order, 32);
	cr_assert_null(spake2_new_from(&in));
	in.w = one;
	in.scalar = order;
	cr_assert_null(spake2_new_from(&in));
	spake2_free(NULL);
}

Test(spake2, the_additional_data_is_the_binding_and_the_hash_of_both_hellos)
{
	uint8_t binding[32], out[SPAKE2_AAD_LEN], hash[32];

	memset(binding, 7, sizeof binding);
	cr_assert_eq(spake2_aad(binding, "console", 7, "agent", 5, out), 0);
	SHA256((const uint8_t *)"consoleagent", 12, hash);
	cr_assert_eq(memcmp(out, binding, 32), 0);
	cr_assert_eq(memcmp(out + 32, hash, 32), 0);
}

/* The share does not depend on the additional data, the keys do. */
Test(spake2, the_additional_data_may_come_behind_the_share)
{
	struct secret w = {.bytes = {1, 2, 3}, .len = 48};
	uint8_t bound[SPAKE2_AAD_LEN] = {9}, share[2][SPAKE2_SHARE_LEN], mac[SPAKE2_MAC_LEN];
	struct spake2 *console = spake2_new(SPAKE2_CONSOLE, &w, NULL);
	struct spake2 *agent = spake2_new(SPAKE2_AGENT, &w, bound);

	spake2_share(console, share[0]);
	spake2_share(agent, share[1]);
	cr_assert_eq(spake2_take(console, share[1], SPAKE2_SHARE_LEN), AS_ESTATE, "not bound yet");
	cr_assert_eq(spake2_bind(console, bound), 0);
	cr_assert_eq(spake2_bind(console, bound), AS_ESTATE);
	cr_assert_eq(spake2_bind(agent, bound), AS_ESTATE);
	cr_assert_eq(spake2_take(console, share[1], SPAKE2_SHARE_LEN), 0);
	cr_assert_eq(spake2_take(agent, share[0], SPAKE2_SHARE_LEN), 0);
	cr_assert_eq(spake2_mac(console, mac), 0);
	cr_assert_eq(spake2_check(agent, mac, sizeof mac), 0);
	spake2_free(console);
	spake2_free(agent);
}
