/* SPDX-License-Identifier: Apache-2.0
 *
 * The proof that it is the same two who meet again after a lost connection (PROTOCOL.md section 4).
 * The key comes from the code that was proved once; every resume makes the next one from it and
 * from the new connection.
 *
 *   console                                            agent
 *   resume_mac(CONSOLE) ---- RESUME{n, mac, table} -->  resume_check(CONSOLE)
 *   resume_check(AGENT) <--- RESUMED{n, mac, table} --  resume_mac(AGENT), resume_next()
 *   resume_next()
 *
 * The mac is HMAC-SHA256(key n, role || exporter(32) || session id(16) || n u32 || table), the
 * exporter being that of the new connection: nothing of it is worth anything in another one.
 *
 * When RESUMED is lost, the agent is one step ahead. It therefore keeps the key before, accepts
 * a proof made with that, too, and then goes on from there.
 */
#ifndef AS_E2E_RESUME_H
#define AS_E2E_RESUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/secret.h"

#define RESUME_EXPORTER_LEN 32 /* INNER_BINDING_LEN */
#define RESUME_ID_LEN	    16
#define RESUME_MAC_LEN	    32

enum resume_role { RESUME_CONSOLE, RESUME_AGENT };

struct resume {
	struct secret key;    /* key n */
	struct secret before; /* key n - 1, empty when there is none */
	uint32_t n;	      /* how often the session was resumed; goes into our message */
};

/* key: from spake2_resume_key(), copied. */
void resume_init(struct resume *r, const struct secret *key);
void resume_done(struct resume *r); /* wipes; harmless twice */

/* The mac over what `from` says. AS_ESTATE after resume_done(), AS_E_INTERNAL. */
int resume_mac(const struct resume *r, enum resume_role from,
	       const uint8_t exporter[RESUME_EXPORTER_LEN], const uint8_t session_id[RESUME_ID_LEN],
	       const uint8_t *table, size_t table_len, uint8_t out[RESUME_MAC_LEN]);

/* What the peer, `from`, said, with its n; session_id is our own. AS_E_RESUME when it is wrong, in
 * a time that does not depend on the mac; r is then unchanged. r->n is right for our answer
 * afterwards: a proof of the console with the key before sets r one step back. */
int resume_check(struct resume *r, enum resume_role from,
		 const uint8_t exporter[RESUME_EXPORTER_LEN],
		 const uint8_t session_id[RESUME_ID_LEN], uint32_t n, const uint8_t *table,
		 size_t table_len, const uint8_t mac[RESUME_MAC_LEN]);

/* The resume has succeeded. Agent: after the mac of RESUMED is made. Console: after RESUMED was
 * right. AS_ESTATE, AS_E_INTERNAL; r is then unchanged. */
int resume_next(struct resume *r, const uint8_t exporter[RESUME_EXPORTER_LEN]);

#endif
