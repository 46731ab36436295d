/* SPDX-License-Identifier: Apache-2.0
 *
 * The consent machine against an adversary who holds the console and the network process: it
 * may send any event at any time. User and screen are asynchronous: an answer carries the id of
 * the prompt that was on the screen when it was typed, and may come late. Ghosts (g_*) hold what
 * the human really agreed to.
 *
 * table.pml is written by table.c out of agent/session.c: after every step the model asserts
 * that the program has a handler exactly where the model has one, and that the program's pair
 * can lead where the model went.
 *
 * BUG=n in the environment seeds a fault; run.sh sees to it that each is found.
 */
#include "table.pml"
c_decl {
static int bug;
__attribute__((constructor)) static void seed(void) { bug = getenv("BUG") ? atoi(getenv("BUG")) : 0; }
}
#define BUG(n)  c_expr { bug == n }
#define FINE(n) c_expr { bug != n }

#ifndef MAXP
#define MAXP 2 /* prompts in the run */
#endif
#ifndef MAXE
#define MAXE 2 /* sessions in the run */
#endif
#define FAILS 3

/* which deadline a TICK is about */
#define T_STATE  0
#define T_PROMPT 1
#define T_EXPIRY 2

byte st = IDLE;
byte epoch = 0;   /* session number */
byte prid = 0;    /* prompt id, never reused */
bool prompting = false;
byte asked = 0;   /* scopes in the open prompt, as bits */
byte granted = 0;
byte fails = 0;
bool sent = false; /* our PAKE share has left */
byte running = 0; /* scopes with an open stream */

byte g_shown[MAXP + 1];
byte g_ticks[MAXP + 1];
byte g_epoch[MAXP + 1];
byte g_guesses = 0;
bool g_over = false; /* revoked or expired in this epoch */
bool g_proved = false;

/* for c_expr, which sees globals only */
byte x_from, x_event;
bool x_handled;

chan broker = [0] of { byte, byte, byte }; /* event, argument, ticks */
chan screen = [1] of { byte, byte };       /* prompt id, scopes */

/* Ticks are about lines, not scopes: that is what makes a swapped text dangerous. */
#define NO_LINE    0
#define FIRST_LINE 1
#define ALL_LINES  2
#define TICKED(t, scopes) \
	(t == ALL_LINES -> scopes : (t == NO_LINE -> 0 : (scopes & 1 -> 1 : scopes)))

#define HAS_GRANT (st == ACTIVE || st == ACTIVE_PROMPT)
#define RUNS (st != IDLE && st != CLOSED)

inline end_prompt() { prompting = false; asked = 0 }
inline close_session() { st = CLOSED; granted = 0; running = 0; sent = false; end_prompt() }

inline show_prompt(s, next)
{
	if
	:: prid < MAXP ->
		prid++; asked = s; prompting = true; st = next;
		g_shown[prid] = s; g_epoch[prid] = epoch; g_ticks[prid] = 0;
		if
		:: nfull(screen) -> screen!prid, s
		:: full(screen) -> skip
		fi
	:: else -> x_handled = expected; x_skip = true /* the run is at its bound: leave the step out */
	fi
}

/* A console that goes after our share has left has made a guess. */
inline fail_pake()
{
	if
	:: sent ->
		sent = false; g_guesses++;
		if
		:: FINE(7) -> fails++
		:: BUG(7) -> skip
		fi;
		if
		:: fails >= FAILS -> close_session()
		:: else -> st = CODE
		fi
	:: else -> st = CODE
	fi
}

/* Every running stream is covered by what the human ticked in this session. */
inline check_running()
{
	i = 1; cover = 0;
	do
	:: i <= prid ->
		if
		:: g_epoch[i] == epoch -> cover = cover | (g_shown[i] & g_ticks[i])
		:: else
		fi;
		i++
	:: else -> break
	od;
	assert((running & ~cover) == 0);
	assert((granted & ~cover) == 0);
	i = 0; cover = 0
}

active proctype Broker()
{
	byte e, a, t, i, cover;
	bool expected, x_skip;

	do
	:: broker?e, a, t ->
		d_step { x_from = st; x_event = e; x_handled = true; x_skip = false;
			 expected = c_expr { expects[now.x_from][now.x_event] } }
		atomic {
		if
		:: e == TICK && a == T_STATE && (st == REGISTERING || st == AUTHED || st == SUSP ||
			st == CODE || st == ACTIVE) -> close_session()
		:: e == TICK && a == T_STATE && st == PAKE -> fail_pake()
		:: e == TICK && a == T_PROMPT && st == PROMPT -> close_session()
		:: e == TICK && a == T_PROMPT && st == ACTIVE_PROMPT -> end_prompt(); st = ACTIVE
		:: e == TICK && a == T_EXPIRY && (HAS_GRANT || st == SUSP) ->
			g_over = true;
			if
			:: FINE(6) -> close_session()
			:: BUG(6) -> granted = 0 /* the streams run on */
			fi
		:: e == TICK -> skip
		:: e == FAULT && st != CLOSED -> close_session()
		:: e == REVOKE && RUNS ->
			g_over = true;
			if
			:: FINE(2) -> close_session()
			:: BUG(2) -> granted = 0
			fi
		:: e == START && (st == IDLE || st == CLOSED) ->
			if
			:: epoch < MAXE -> epoch++; st = REGISTERING; fails = 0; g_guesses = 0;
				g_over = false; g_proved = false
			:: else -> x_skip = true
			fi
		:: e == ALLOCATED && st == REGISTERING -> st = CODE
		:: e == NET_LOST && RUNS && !HAS_GRANT && st != SUSP -> close_session()
		:: (e == NET_LOST || e == PEER_LOST) && HAS_GRANT -> end_prompt(); st = SUSP
		:: (e == NET_LOST || e == PEER_LOST) && HAS_GRANT -> close_session() /* no resume */
		:: e == PEER_UP && st == CODE -> st = PAKE; sent = false
		:: e == PEER_UP && st == AUTHED && BUG(8) -> st = PAKE; sent = false
		:: e == PEER_UP && st >= PAKE && st <= ACTIVE_PROMPT -> skip /* told it is busy */
		:: e == PAKE_SENT && st == PAKE -> sent = true
		:: e == PAKE_OK && st == PAKE ->
			if
			:: sent -> sent = false; g_proved = true; st = AUTHED
			:: else -> skip
			fi
		:: e == PAKE_FAIL && st == PAKE -> sent = true; fail_pake()
		:: (e == PEER_LOST || e == PEER_END || e == PEER_BAD) && st == PAKE -> fail_pake()
		:: (e == PEER_LOST || e == PEER_END || e == PEER_BAD) && (st == AUTHED || st == PROMPT) ->
			close_session()
		:: (e == NET_LOST || e == PEER_LOST) && st == SUSP -> skip
		:: (e == PEER_END || e == PEER_BAD) && HAS_GRANT -> close_session()
		:: e == PEER_END && st == SUSP -> close_session()
		:: e == REQ_OK && st == AUTHED -> show_prompt(a, PROMPT)
		:: e == REQ_BAD && st == AUTHED -> close_session()
		:: e == SCOPE_REQ_OK && st == ACTIVE && (a & granted) == 0 -> show_prompt(a, ACTIVE_PROMPT)
		:: e == SCOPE_REQ_OK && st == ACTIVE && (a & granted) != 0 -> skip
		:: e == SCOPE_REQ_OK && st == ACTIVE_PROMPT && FINE(4) -> skip
		:: e == SCOPE_REQ_OK && st == ACTIVE_PROMPT && BUG(4) -> asked = a
		:: e == SCOPE_REQ_BAD && HAS_GRANT -> skip
		:: e == ALLOW && prompting && a != prid && FINE(1) -> skip
		:: e == ALLOW && prompting && a == prid -> skip /* before the lock is over */
		:: e == ALLOW && prompting && (a == prid || BUG(1)) ->
			if
			:: FINE(5) -> skip
			:: BUG(5) -> t = ALL_LINES
			fi;
			if
			:: t != NO_LINE -> granted = granted | TICKED(t, asked); end_prompt(); st = ACTIVE
			:: t == NO_LINE && st == PROMPT -> close_session()
			:: else -> end_prompt(); st = ACTIVE
			fi
		:: e == DENY && prompting && a != prid -> skip
		:: e == DENY && prompting && a == prid && st == PROMPT -> close_session()
		:: e == DENY && prompting && a == prid && st == ACTIVE_PROMPT -> end_prompt(); st = ACTIVE
		:: e == OPEN && HAS_GRANT && (a & ~granted) == 0 -> running = running | a
		:: e == OPEN && HAS_GRANT && (a & ~granted) != 0 && FINE(9) -> skip
		:: e == OPEN && HAS_GRANT && BUG(9) -> running = running | a
		:: e == OPEN && (st == AUTHED || st == PROMPT || st == SUSP) -> skip
		:: e == ITEM_DONE && (HAS_GRANT || st == SUSP) -> running = 0
		:: e == RESUME_OK && st == SUSP -> st = ACTIVE
		:: e == RESUME_OK && st == CLOSED && BUG(3) -> st = ACTIVE; granted = 3
		:: (e == RESUME_BAD || e == PEER_BAD) && st == SUSP -> skip
		:: (e == RESUME_BAD || e == PEER_BAD) && st == SUSP -> close_session() /* the third */
		:: else -> x_handled = false
		fi;

		/* The program agrees, and I1..I7. All in one step: there is nothing to choose. */
		d_step {
		if
		:: x_skip -> skip
		:: else ->
			assert(x_handled == expected || e == TICK);
			assert(c_expr { leads_to[now.x_from][now.x_event] >> now.st & 1 })
		fi;

		check_running();
		assert(HAS_GRANT || st == SUSP || (running == 0 && granted == 0));
		assert(!g_over || st == CLOSED);
		assert(prompting == (st == PROMPT || st == ACTIVE_PROMPT));
		assert(g_guesses <= FAILS);
		assert(!(g_proved && (st == CODE || st == PAKE)));
		assert(x_from != CLOSED || st == CLOSED || e == START);
		e = 0; a = 0; t = 0; x_from = 0; x_event = 0; x_handled = false; expected = false; x_skip = false
		}
		}
	od
}

/* console and network process in the attacker's hands */
active proctype Adversary()
{
end:	do
	:: broker!ALLOCATED, 0, 0
	:: broker!PEER_UP, 0, 0
	:: broker!PAKE_SENT, 0, 0
	:: broker!PAKE_OK, 0, 0
	:: broker!PAKE_FAIL, 0, 0
	:: broker!PEER_LOST, 0, 0
	:: broker!PEER_END, 0, 0
	:: broker!PEER_BAD, 0, 0
	:: broker!REQ_OK, 1, 0
	:: broker!REQ_OK, 3, 0
	:: broker!REQ_BAD, 0, 0
	:: broker!SCOPE_REQ_OK, 1, 0
	:: broker!SCOPE_REQ_OK, 2, 0
	:: broker!SCOPE_REQ_OK, 4, 0
	:: broker!SCOPE_REQ_BAD, 0, 0
	:: broker!OPEN, 1, 0
	:: broker!OPEN, 2, 0
	:: broker!OPEN, 4, 0
	:: broker!ITEM_DONE, 0, 0
	:: broker!NET_LOST, 0, 0
	:: broker!RESUME_OK, 0, 0
	:: broker!RESUME_BAD, 0, 0
	:: broker!FAULT, 0, 0
	od
}

/* sees prompts in order, may tick less than was asked, may answer late or walk away */
active proctype User()
{
	byte p, s;

end:	do
	:: screen?p, s ->
		if
		:: g_ticks[p] = s; broker!ALLOW, p, ALL_LINES
		:: g_ticks[p] = TICKED(FIRST_LINE, s); broker!ALLOW, p, FIRST_LINE
		:: broker!ALLOW, p, NO_LINE
		:: broker!DENY, p, 0
		:: skip
		fi;
		p = 0; s = 0
	od
}

/* the clock, and the customer's fingers that need no reading: start and stop */
active proctype Rest()
{
end:	do
	:: broker!START, 0, 0
	:: RUNS -> broker!REVOKE, 0, 0
	:: RUNS -> broker!TICK, T_STATE, 0
	:: prompting -> broker!TICK, T_PROMPT, 0
	:: HAS_GRANT || st == SUSP -> broker!TICK, T_EXPIRY, 0
	od
}
