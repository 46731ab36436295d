/* SPDX-License-Identifier: Apache-2.0
 *
 * The law of the ticket book, as data: every state, every event. What the ends may send while
 * the other side's going away is still on its way to them (DATA, PAIRED, CLOSE that keeps the id,
 * in ALLOCATED) is dropped without a word; it is no fault of theirs.
 */
#include "relay/book.h"

#include <assert.h>

#include "proto/base/err.h"

#define MOVE(to_, agent_, console_)                                      \
	{                                                                \
		BOOK_##to_, BOOK_SAY_##agent_, BOOK_SAY_##console_, 0, 0 \
	}
#define MOVE_CODE(to_, agent_, console_, code_)                                   \
	{                                                                         \
		BOOK_##to_, BOOK_SAY_##agent_, BOOK_SAY_##console_, 0, AS_##code_ \
	}
#define STAY(in) MOVE(in, NOTHING, NOTHING)
#define REFUSE(in, err_)                                                    \
	{                                                                   \
		BOOK_##in, BOOK_SAY_NOTHING, BOOK_SAY_NOTHING, AS_##err_, 0 \
	}

/* No such side in this state, or no such deadline: the caller has a fault if it happens. */
#define NEVER(in) REFUSE(in, ESTATE)

/* clang-format off */
static const struct book_rule rules[BOOK_STATES][BOOK_EVENTS] = {
	[BOOK_DEAD] = {
		[BOOK_ON_JOIN]          = REFUSE(DEAD, E_CODE_UNKNOWN),
		[BOOK_ON_PROVED]        = NEVER(DEAD),
		[BOOK_ON_AGENT_DATA]    = NEVER(DEAD),
		[BOOK_ON_CONSOLE_DATA]  = NEVER(DEAD),
		[BOOK_ON_AGENT_KEEP]    = NEVER(DEAD),
		[BOOK_ON_AGENT_CLOSE]   = NEVER(DEAD),
		[BOOK_ON_CONSOLE_CLOSE] = NEVER(DEAD),
		[BOOK_ON_AGENT_GONE]    = NEVER(DEAD),
		[BOOK_ON_CONSOLE_GONE]  = NEVER(DEAD),
		[BOOK_ON_AGENT_BACK]    = REFUSE(DEAD, E_CODE_UNKNOWN),
		[BOOK_ON_CONSOLE_BACK]  = REFUSE(DEAD, E_CODE_UNKNOWN),
		[BOOK_ON_DEADLINE]      = NEVER(DEAD),
	},
	[BOOK_ALLOCATED] = {
		[BOOK_ON_JOIN]          = MOVE(JOINED, PAIRED, PAIRED),
		[BOOK_ON_PROVED]        = STAY(ALLOCATED),
		[BOOK_ON_AGENT_DATA]    = STAY(ALLOCATED),
		[BOOK_ON_CONSOLE_DATA]  = NEVER(ALLOCATED),
		[BOOK_ON_AGENT_KEEP]    = STAY(ALLOCATED),
		[BOOK_ON_AGENT_CLOSE]   = MOVE(DEAD, NOTHING, NOTHING),
		[BOOK_ON_CONSOLE_CLOSE] = NEVER(ALLOCATED),
		[BOOK_ON_AGENT_GONE]    = MOVE(DEAD, NOTHING, NOTHING),
		[BOOK_ON_CONSOLE_GONE]  = NEVER(ALLOCATED),
		[BOOK_ON_AGENT_BACK]    = REFUSE(ALLOCATED, E_BUSY),
		[BOOK_ON_CONSOLE_BACK]  = REFUSE(ALLOCATED, E_CODE_UNKNOWN),
		[BOOK_ON_DEADLINE]      = MOVE_CODE(DEAD, CLOSE, NOTHING, E_TIMEOUT),
	},
	[BOOK_JOINED] = {
		[BOOK_ON_JOIN]          = REFUSE(JOINED, E_BUSY),
		[BOOK_ON_PROVED]        = MOVE(PAIRED, NOTHING, NOTHING),
		[BOOK_ON_AGENT_DATA]    = MOVE(JOINED, NOTHING, DATA),
		[BOOK_ON_CONSOLE_DATA]  = MOVE(JOINED, DATA, NOTHING),
		[BOOK_ON_AGENT_KEEP]    = MOVE(ALLOCATED, NOTHING, CLOSE),
		[BOOK_ON_AGENT_CLOSE]   = MOVE(DEAD, NOTHING, CLOSE),
		[BOOK_ON_CONSOLE_CLOSE] = MOVE(ALLOCATED, LOST, NOTHING),
		[BOOK_ON_AGENT_GONE]    = MOVE_CODE(DEAD, NOTHING, CLOSE, E_PEER_LOST),
		[BOOK_ON_CONSOLE_GONE]  = MOVE(ALLOCATED, LOST, NOTHING),
		[BOOK_ON_AGENT_BACK]    = REFUSE(JOINED, E_BUSY),
		[BOOK_ON_CONSOLE_BACK]  = REFUSE(JOINED, E_BUSY),
		[BOOK_ON_DEADLINE]      = MOVE_CODE(ALLOCATED, LOST, CLOSE, E_TIMEOUT),
	},
	[BOOK_PAIRED] = {
		[BOOK_ON_JOIN]          = REFUSE(PAIRED, E_BUSY),
		[BOOK_ON_PROVED]        = REFUSE(PAIRED, E_PROTOCOL),
		[BOOK_ON_AGENT_DATA]    = MOVE(PAIRED, NOTHING, DATA),
		[BOOK_ON_CONSOLE_DATA]  = MOVE(PAIRED, DATA, NOTHING),
		[BOOK_ON_AGENT_KEEP]    = REFUSE(PAIRED, E_PROTOCOL),
		[BOOK_ON_AGENT_CLOSE]   = MOVE(DEAD, NOTHING, CLOSE),
		[BOOK_ON_CONSOLE_CLOSE] = MOVE(DEAD, CLOSE, NOTHING),
		[BOOK_ON_AGENT_GONE]    = MOVE(AGENT_LOST, NOTHING, LOST),
		[BOOK_ON_CONSOLE_GONE]  = MOVE(CONSOLE_LOST, LOST, NOTHING),
		[BOOK_ON_AGENT_BACK]    = REFUSE(PAIRED, E_BUSY),
		[BOOK_ON_CONSOLE_BACK]  = REFUSE(PAIRED, E_BUSY),
		[BOOK_ON_DEADLINE]      = NEVER(PAIRED),
	},
	[BOOK_AGENT_LOST] = {
		[BOOK_ON_JOIN]          = REFUSE(AGENT_LOST, E_BUSY),
		[BOOK_ON_PROVED]        = NEVER(AGENT_LOST),
		[BOOK_ON_AGENT_DATA]    = NEVER(AGENT_LOST),
		[BOOK_ON_CONSOLE_DATA]  = STAY(AGENT_LOST),
		[BOOK_ON_AGENT_KEEP]    = NEVER(AGENT_LOST),
		[BOOK_ON_AGENT_CLOSE]   = NEVER(AGENT_LOST),
		[BOOK_ON_CONSOLE_CLOSE] = MOVE(DEAD, NOTHING, NOTHING),
		[BOOK_ON_AGENT_GONE]    = NEVER(AGENT_LOST),
		[BOOK_ON_CONSOLE_GONE]  = MOVE(DEAD, NOTHING, NOTHING),
		[BOOK_ON_AGENT_BACK]    = MOVE(PAIRED, PAIRED, BACK),
		[BOOK_ON_CONSOLE_BACK]  = REFUSE(AGENT_LOST, E_BUSY),
		[BOOK_ON_DEADLINE]      = MOVE_CODE(DEAD, NOTHING, CLOSE, E_PEER_LOST),
	},
	[BOOK_CONSOLE_LOST] = {
		[BOOK_ON_JOIN]          = REFUSE(CONSOLE_LOST, E_BUSY),
		[BOOK_ON_PROVED]        = REFUSE(CONSOLE_LOST, E_PROTOCOL),
		[BOOK_ON_AGENT_DATA]    = STAY(CONSOLE_LOST),
		[BOOK_ON_CONSOLE_DATA]  = NEVER(CONSOLE_LOST),
		[BOOK_ON_AGENT_KEEP]    = REFUSE(CONSOLE_LOST, E_PROTOCOL),
		[BOOK_ON_AGENT_CLOSE]   = MOVE(DEAD, NOTHING, NOTHING),
		[BOOK_ON_CONSOLE_CLOSE] = NEVER(CONSOLE_LOST),
		[BOOK_ON_AGENT_GONE]    = MOVE(DEAD, NOTHING, NOTHING),
		[BOOK_ON_CONSOLE_GONE]  = NEVER(CONSOLE_LOST),
		[BOOK_ON_AGENT_BACK]    = REFUSE(CONSOLE_LOST, E_BUSY),
		[BOOK_ON_CONSOLE_BACK]  = MOVE(PAIRED, BACK, PAIRED),
		[BOOK_ON_DEADLINE]      = MOVE_CODE(DEAD, CLOSE, NOTHING, E_PEER_LOST),
	},
};
/* clang-format on */

const struct book_rule *book_rule(enum book_state state, enum book_event event)
{
	assert(state < BOOK_STATES && event < BOOK_EVENTS);
	return &rules[state][event];
}
