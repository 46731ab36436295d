/* SPDX-License-Identifier: Apache-2.0
 *
 * What one end has received, told after a lost connection (PROTOCOL.md section 9): the table in
 * RESUME and RESUMED. Its MAC covers these bytes as they are.
 *
 *   u64 controls | u64 session_received | u64 session_max | u16 n
 *   n times: u32 stream | u64 received | u64 consumed | u64 max | u8 flags
 */
#ifndef AS_WIRE_MUX_TABLE_H
#define AS_WIRE_MUX_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define MUX_TABLE_STREAMS_MAX 128 /* all that a mux may know: MUX_ENTRIES_MAX */
#define MUX_TABLE_HEAD	      26
#define MUX_TABLE_ENTRY	      29
#define MUX_TABLE_LEN_MAX     (MUX_TABLE_HEAD + MUX_TABLE_STREAMS_MAX * MUX_TABLE_ENTRY)

#define MUX_TABLE_FIN 1 /* flags: FIN was received, and so all of the stream */

struct mux_table_entry {
	uint32_t stream;
	uint64_t received, consumed, max; /* offsets; max: the credit that was granted */
	uint8_t flags;
};

struct mux_table {
	uint64_t controls;	   /* sequenced frames received */
	uint64_t session_received; /* bytes of all streams, also of those that are over */
	uint64_t session_max;	   /* the session's credit that was granted */
	size_t n;
	struct mux_table_entry entries[MUX_TABLE_STREAMS_MAX]; /* odd streams, rising */
};

/* AS_ESHORT, AS_EBADMSG (also for trailing bytes, even, doubled or falling streams, offsets that
 * contradict each other, unknown flags), AS_E_TOO_BIG; *out untouched then. */
int mux_table_decode(const uint8_t *p, size_t n, struct mux_table *out);

/* Bytes written, or AS_EFULL. */
int mux_table_encode(const struct mux_table *t, uint8_t *buf, size_t cap);

#endif
