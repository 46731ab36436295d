/* SPDX-License-Identifier: Apache-2.0
 *
 * The messages of a journal as they come.
 */
#ifndef AS_AGENT_COLLECT_JOURNAL_LIVE_H
#define AS_AGENT_COLLECT_JOURNAL_LIVE_H

struct journal;
struct live;
struct op_args;

/* Until the reader is gone or the journal cannot be read any more: -errno. When END has been said
 * already: its state. */
int journal_follow(const struct journal *journal, struct live *live, const struct op_args *a);

#endif
