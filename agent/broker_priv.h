/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker's parts, one file each:
 *   broker.c      the loop, the state machine's effects, timers and signals, the end
 *   network.c     assent-net and assent-dial: starting, ending, what net says
 *   dialler.c     one assent-dial
 *   way.c         what assent-net must know of a way
 *   reconnect.c   a lost connection: waiting, trying again, who comes back
 *   pake.c        the code and its proof
 *   request.c     signed requests, the prompt, the grant
 *   door.c        the choke point: every OPEN, every byte
 *   operation*.c one assent-collect process: its start, its pipes, its end
 *   visit*.c      neighbouring devices: one assent-collect-ssh, and what the customer is asked
 *   farewell.c    how a session ended, in the customer's words
 */
#ifndef AS_AGENT_BROKER_PRIV_H
#define AS_AGENT_BROKER_PRIV_H

#include <uv.h>

#include "agent/broker.h"
#include "agent/collect/collect.h"
#include "agent/consent.h"
#include "agent/dialler.h"
#include "agent/ipc/link.h"
#include "agent/plat/plat.h"
#include "agent/record.h"
#include "agent/session.h"
#include "agent/ui.h"
#include "agent/visit.h"
#include "agent/way.h"
#include "proto/e2e/code.h"
#include "proto/e2e/request.h"
#include "proto/e2e/resume.h"
#include "proto/e2e/spake2.h"

#define BROKER_NET_GRACE_MS  250  /* PROTOCOL.md section 5: then assent-net gets SIGKILL */
#define BROKER_LAPSE_MS	     2000 /* what a collector is charged for one look at most */
#define BROKER_SHOW_MS	     500  /* how often a running item's line is renewed */
#define BROKER_RUNNING_MAX   40	  /* collectors at once; one more OPEN is refused with E_QUOTA */
#define BROKER_OVERTIME_MS   3000 /* a collector that does not end itself at its deadline */
#define BROKER_ABANDON_MS    1000 /* a killed collector that hangs in the kernel is not waited for */
#define BROKER_PATH_MAX	     1024
#define BROKER_STATE_DIR_MAX 1024

/* One collector of the catalogue, as the broker knows it. */
struct promise {
	uint32_t op_id;
	const char *name;
	enum scope_kind scope;
	uint32_t flags;	     /* CATALOG_* */
	uint32_t profiles;   /* of `collect` */
	uint32_t deadline_s; /* 0: until it is stopped */
	uint64_t output_max;
	uint32_t mem_mib;
	const char *asks;
};
extern const struct promise promises[];
extern const size_t promise_count;
const struct promise *promise_find(uint32_t op_id);

struct operation;

struct broker {
	uv_loop_t loop;
	const struct agent_config *config;
	struct plat_user user;
	struct session session;
	struct ui *ui;
	EVP_PKEY *key;
	struct record *record;
	bool record_ended; /* RECORD_ENDED stands in it */
	bool closing;	   /* SESSION_DO_CLOSE has been carried out */
	int reason;
	int relay_why; /* why an established connection to the relay ended */

	uv_timer_t clock; /* the session's next deadline */
	uv_timer_t show;  /* running items; stopped when there are none */
	uv_signal_t signals[PLAT_SIGNALS_MAX];
	unsigned handles; /* that on_handle_closed() will be called for */

	/* network.c */
	struct link net;
	uv_process_t net_process;
	bool net_running, net_open;
	struct plat_child net_child; /* instead of net_process, where net_is_child */
	bool net_is_child;
	struct dialler dialler;
	struct tries ways;	  /* to the relay, and what happened on each in this round */
	struct way_sender sender; /* the rest of what assent-net needs for one */
	struct report dialled;	  /* of the connection that net was given */
	bool on_the_way;	  /* a way is being tried: dialling, or net's turn */
	bool way_due;		  /* ways.now is to be tried as soon as the child before is gone */
	bool reached;		  /* the relay has answered once */
	char inspector[REPORT_WHO_MAX + 1]; /* who vouches for the relay on this way; "" = we do */
	uv_tcp_t *socket;		    /* the connected one, until net has it */
	bool noticed; /* the customer has been told once that the relay will go away */
	uv_timer_t net_grace;

	/* reconnect.c, while the session is SUSP */
	uv_timer_t redial;
	struct resume resume; /* from the code; wiped with the session */
	unsigned tries;
	uint64_t lost_ms;
	struct ipc_peer back; /* who came back, not proved yet ... */
	enum { BROKER_NOBODY, BROKER_ENGINEER, BROKER_GREETED } back_is; /* ... and how far he is */

	/* pake.c */
	uint32_t id; /* from the relay */
	struct code code;
	struct spake2 *pake;
	struct ipc_peer peer;
	uint8_t nonce[32], hello_hash[32];
	bool called; /* peer and nonce are of the console that is in the handshake */

	/* request.c */
	struct request request; /* the last valid one */
	struct consent consent; /* what is, or was last, on the screen */
	uint32_t ticks, shown_ms;
	uint8_t grant_id[16], prev_grant[32];
	/* what the folders asked for, and those granted, really are, by their places in
	 * consent.asked and session.granted */
	char asked_real[SCOPES_MAX][COLLECT_REAL_LEN + 1];
	char granted_real[SCOPES_MAX][COLLECT_REAL_LEN + 1];
	size_t granted_known; /* places of the latter that are filled */
	bool granted;
	int64_t granted_at, expires_at; /* wall clock */
	uint64_t bytes_max;

	struct visits visits;

	/* door.c, operation*.c */
	struct operation *operations[BROKER_RUNNING_MAX];
	uint64_t bytes_sent;
	unsigned items;
	uint32_t numbered; /* items that have had a number on the screen */
	bool paused;	   /* no collector's output is read */
};

/* broker.c */
uv_stdio_container_t broker_child_stderr(void);
/* Carries out what the state machine says; also hands it back, for door.c. */
struct session_effects broker_event(struct broker *b, const struct session_event *ev);
void broker_event_type(struct broker *b, enum session_event_type type);
void broker_fault(struct broker *b, int err);
void broker_note(struct broker *b, enum record_event ev, const struct record_field *f, size_t n);
void broker_handle_closed(uv_handle_t *h); /* close callback for the broker's own handles */
void broker_gone_one(struct broker *b);	   /* one of the counted handles is closed */

/* network.c */
void network_init(struct broker *b);
int network_start(struct broker *b);
void network_end(struct broker *b, int reason);
void network_send(struct broker *b, uint8_t mux_type, const uint8_t *p, size_t n);
void network_tell(struct broker *b, enum ipc_type type, uint32_t stream, int err);
bool network_may_dial(const struct broker *b); /* the child before is gone */
int network_dial(struct broker *b);	       /* a round over all ways, from the one that worked */
void network_end_dial(struct broker *b);

/* reconnect.c */
void reconnect_pause(struct broker *b, uint32_t for_s);
void reconnect_continue(struct broker *b);
void reconnect_later(struct broker *b); /* a try has failed: when is the next? */
void reconnect_stop_trying(struct broker *b);
void reconnect_watch(struct broker *b); /* a child was started: it must answer in time */
void reconnect_on_peer_up(struct broker *b, const struct ipc_msg *m);
void reconnect_on_hellos(struct broker *b);
void reconnect_on_proof(struct broker *b, const struct ipc_msg *m);
void reconnect_on_end(struct broker *b);
/* Full jitter: the first try within half a second, then 1..2, 1..4, ... 1..60 s, and always early
 * enough for one more before left_ms are over. random: any 32 bits. */
uint64_t reconnect_delay_ms(unsigned tries, uint32_t random, uint64_t left_ms);

/* pake.c */
void code_show(struct broker *b);
void code_wipe(struct broker *b);
void pake_begin(struct broker *b);
void pake_on_share(struct broker *b, const uint8_t *p, size_t n);
void pake_on_confirm(struct broker *b, const uint8_t *p, size_t n);
void pake_confirm(struct broker *b); /* the code was right: say so and lock it */
void pake_end(struct broker *b);

/* request.c */
void request_on_message(struct broker *b, const uint8_t *p, size_t n, bool more_scopes);
void request_show_prompt(struct broker *b, const struct session_effects *fx);
void request_send_pending(struct broker *b, const struct session_effects *fx);
void request_send_deny(struct broker *b, int code);
void request_sign_grant(struct broker *b);
void request_send_revoked(struct broker *b, int reason);

/* door.c */
void door_on_open(struct broker *b, uint32_t stream, const uint8_t *p, size_t n);
/* What the engineer chose himself, for a line of text: hosts, a unit, paths as they stand on this
 * computer. "" for nothing. Returns out. */
const char *door_chosen(enum scope_kind right, const struct op_args *a, char *out, size_t cap);
bool door_may_send(struct broker *b, const struct scope *right, uint64_t n);

/* operation*.c */
/* What the door has let through. */
struct permit {
	const struct promise *promise;
	struct scope right; /* under which it runs */
	const char *real;   /* what right.target really is; "" for none */
};
int operation_start(struct broker *b, uint32_t stream, const struct permit *permit,
		    const struct ipc_open *open);
void operation_consumed(struct broker *b, uint32_t stream, uint64_t offset);
void operation_cancel(struct broker *b, uint32_t stream, int why);
void operation_cancel_by_customer(struct broker *b, uint32_t stream);
void operation_input(struct broker *b, uint32_t stream, const uint8_t *p, size_t n);
void operation_input_end(struct broker *b, uint32_t stream, bool whole);
void operations_kill(struct broker *b);
void operations_pause(struct broker *b); /* nothing is read, and no deadline runs */
void operations_continue(struct broker *b);
void operations_show(struct broker *b);
void operations_end(struct broker *b); /* the session is over: waits for them, not for ever */

/* farewell.c */
int farewell_exit_code(int reason);
void farewell_print(struct broker *b);

#endif
