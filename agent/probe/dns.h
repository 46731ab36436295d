/* SPDX-License-Identifier: Apache-2.0
 *
 * DNS messages (RFC 1035): one question out, one answer in. Pure. The answer comes from a
 * stranger: every name, length and pointer is checked, pointers lead backwards only, and all
 * text is escaped to printable ASCII.
 */
#ifndef AS_AGENT_PROBE_DNS_H
#define AS_AGENT_PROBE_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_MESSAGE_MAX 4096
#define DNS_QUERY_MAX	(12 + 255 + 4)
#define DNS_NAME_MAX	253 /* as text, without the last point */
#define DNS_TEXT_MAX	256 /* what is longer once escaped is cut */
#define DNS_RECORDS_MAX 16  /* more are counted, not kept */

#define DNS_A	  1
#define DNS_NS	  2
#define DNS_CNAME 5
#define DNS_SOA	  6
#define DNS_PTR	  12
#define DNS_MX	  15
#define DNS_TXT	  16
#define DNS_AAAA  28

struct dns_question {
	uint16_t id, type;
	char name[DNS_NAME_MAX + 1]; /* "example.org"; "." for the root */
};

struct dns_record {
	char name[DNS_TEXT_MAX];
	char text[DNS_TEXT_MAX]; /* "192.0.2.1", "10 mx.example.org", "12 bytes" */
	uint16_t type;
	uint32_t ttl;
};

struct dns_answer {
	uint8_t rcode;
	bool authoritative, recursion;
	bool cut;	/* by the server, to fit a datagram: the records were not read */
	uint16_t total; /* answer records announced; count of them are kept */
	size_t count;
	struct dns_record at[DNS_RECORDS_MAX];
};

/* Bytes written, or AS_EBADMSG for a name that is none, AS_EFULL. */
int dns_question_encode(const struct dns_question *q, uint8_t *buf, size_t cap);

/* AS_ESTATE when it is not an answer to q (somebody else's datagram: keep waiting), AS_ESHORT,
 * AS_EBADMSG, AS_E_TOO_BIG. */
int dns_answer_decode(const uint8_t *p, size_t n, const struct dns_question *q,
		      struct dns_answer *out);

/* "AAAA" <-> 28; 0 for an unknown word, "TYPE65" in buf for an unknown number. */
uint16_t dns_type_parse(const char *word);
#define DNS_TYPE_TEXT 12
const char *dns_type_text(uint16_t type, char buf[DNS_TYPE_TEXT]);
const char *dns_rcode_text(uint8_t rcode);

#endif
