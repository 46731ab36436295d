/* SPDX-License-Identifier: Apache-2.0
 *
 * What happened on one way: which step failed, who answered, and the words for it. A report is
 * made by whoever does the step (assent-dial, assent-net, the console) and goes over pipes, so it
 * has a codec; its texts come from strangers and are clean.
 */
#ifndef AS_ROUTE_REPORT_H
#define AS_ROUTE_REPORT_H

#include "proto/route/route.h"

#define REPORT_ADDRESS_MAX 63
#define REPORT_WHO_MAX	   160
#define REPORT_ENCODED_MAX 512
#define REPORT_TEXT_MAX	   900

/* name, step as a person reads it */
#define REPORT_STEP_MAP(X)    \
	X(DONE, "done")       \
	X(NAME, "name")       \
	X(CONNECT, "connect") \
	X(PROXY, "proxy")     \
	X(CARRIER, "carrier") \
	X(UPGRADE, "upgrade") \
	X(TLS, "tls")         \
	X(RELAY, "relay")

enum report_step {
#define X(name, text) REPORT_##name,
	REPORT_STEP_MAP(X)
#undef X
	    REPORT_STEPS
};
const char *report_step_text(enum report_step step);

enum report_why {
	REPORT_OK,
	REPORT_NAME_UNKNOWN,	/* the name servers say that there is none */
	REPORT_NAME_SILENT,	/* no name server answers */
	REPORT_REFUSED,		/* by who listens, or does not, at the address */
	REPORT_UNREACHABLE,	/* no way there from this computer */
	REPORT_NO_ANSWER,	/* to a connect */
	REPORT_SYSTEM,		/* err says it */
	REPORT_PROXY_ASKS,	/* for user and password, and there are none */
	REPORT_PROXY_SCHEMES,	/* only ones that we do not have; who: which */
	REPORT_PROXY_BASIC,	/* Basic, which is not allowed */
	REPORT_PROXY_PASSWORD,	/* user or password are wrong */
	REPORT_PROXY_LOGIN,	/* the login of the person at this computer; who: schemes */
	REPORT_PROXY_UNNAMED,	/* the system's script names none */
	REPORT_PROXY_FORBIDS,	/* status */
	REPORT_PROXY_FAILS,	/* cannot reach the other side; status */
	REPORT_PROXY_IS_NONE,	/* what answers is no proxy of this kind */
	REPORT_LOGIN_PAGE,	/* a captive portal; who: where it sends us */
	REPORT_OTHER_SERVER,	/* a certificate for another name; who, issuer */
	REPORT_INSPECTED,	/* a certificate for our name by a stranger; who, issuer */
	REPORT_CERT_TIME,	/* not valid at this computer's time */
	REPORT_TLS_CUT,		/* closed in the middle of the handshake */
	REPORT_TLS_FAILED,	/* who: the library's words */
	REPORT_UPGRADE_REFUSED, /* another answer than 101; status */
	REPORT_SILENT,		/* connected, and then nothing came */
	REPORT_RELAY_SAYS,	/* err */
	REPORT_NO_PAGE,
	/* ROUTE_PAGE: nothing that speaks for a login */ /* err */
	REPORT_WHYS
};

struct report {
	enum report_step step; /* that failed; DONE */
	enum report_why why;
	int err;
	uint16_t status;		      /* of HTTP, or the SOCKS reply */
	char address[REPORT_ADDRESS_MAX + 1]; /* connected to, or tried last; "" */
	uint16_t addresses;		      /* that the name has */
	/* Who answered; issuer: of the certificate that was shown, also when that was not the
	 * fault. */
	char who[REPORT_WHO_MAX + 1], issuer[REPORT_WHO_MAX + 1];
	bool has_our_name; /* that certificate is for the name that was asked for */
	uint32_t name_ms, connect_ms, proxy_ms; /* how long each took; 0 when it was not done */
};

int report_encode(const struct report *r, uint8_t *buf, size_t cap);
int report_decode(const uint8_t *p, size_t n, struct report *out); /* AS_EBADMSG */

/* One sentence without its final stop: what happened on this way. Returns buf. */
const char *report_text(const struct route *way, const struct report *r, char buf[REPORT_TEXT_MAX]);

/* ---- all ways together ---- */

struct tries {
	struct route_list list;
	struct report reports[ROUTE_MAX];
	bool tried[ROUTE_MAX];
	size_t now;   /* which one is being tried */
	int good;     /* the last one that worked, or -1: the first of the next round */
	bool is_over; /* no other way can help */
};

void tries_init(struct tries *t); /* after list was made */
/* A new round; false when there is no way. */
bool tries_begin(struct tries *t);
const struct route *tries_route(const struct tries *t);
/* The present way failed. True: another one is the present one now. A way whose connection is known
 * to fail is left out, and what the relay itself says is final. */
bool tries_fail(struct tries *t, const struct report *r);
/* What was found out about a way, without choosing another one: for an explanation. */
void tries_note(struct tries *t, size_t i, const struct report *r);
void tries_succeed(struct tries *t);
/* Would this way fail because another one did? -1, or which. */
int tries_follows(const struct tries *t, size_t i);

/* What the person can do, or read to his administrator: one or two sentences. Returns buf. */
#define TRIES_ADVICE_MAX 800
const char *tries_advice(const struct tries *t, const struct hostport *relay,
			 char buf[TRIES_ADVICE_MAX]);
/* Is it for the administrator? */
bool tries_is_for_admin(const struct tries *t);
/* Of two that failed: does a say more than b? Never both of each other. */
bool tries_says_more(const struct tries *t, size_t a, size_t b);
/* Which way's failure says most, or -1. */
int tries_telling(const struct tries *t);

#endif
