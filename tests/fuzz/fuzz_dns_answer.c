/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever a name server sends: decoding ends, and what it yields is plain printable ASCII. The
 * input is the answer to a question for www.example, with any id.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/probe/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
	size_t n = strnlen(text, DNS_TEXT_MAX);

	if (n == DNS_TEXT_MAX)
		abort();
	for (size_t i = 0; i < n; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_question q = {.type = DNS_A, .name = "www.example"};
	struct dns_answer a;

	if (size < 2)
		return 0;
	q.id = (uint16_t)(data[0] << 8 | data[1]);
	if (dns_answer_decode(data, size, &q, &a) < 0)
		return 0;
	if (a.count > DNS_RECORDS_MAX || a.count > a.total || (a.cut && a.count > 0))
		abort();
	for (size_t i = 0; i < a.count; i++) {
		check_text(a.at[i].name);
		check_text(a.at[i].text);
	}
	return 0;
}
