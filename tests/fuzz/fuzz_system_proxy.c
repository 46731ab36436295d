/* SPDX-License-Identifier: Apache-2.0
 *
 * What a proxy script, or a network that offers one, says: a list of proxies, and of who is exempt.
 * What is taken for a proxy is a clean place that can be connected to.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/route/system.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hostport relay = {"relay.corp.example", "443"};
	char text[ROUTE_SYSTEM_TEXT_MAX], why[ROUTE_WHY_MAX] = "";
	struct route_proxy p = {.via = ROUTE_DIRECT};
	size_t n = size < sizeof text - 1 ? size : sizeof text - 1;

	memcpy(text, data, n);
	text[n] = '\0';

	for (const char *at = text, *rest = text;; at = rest) {
		int found = system_proxy(at, &p, why, &rest);

		if (found == 1 && (p.at.host[0] == '\0' || hostport_number(&p.at) == 0 ||
				   !text_is_clean(p.at.host, strlen(p.at.host))))
			abort();
		if (found < 0 && why[0] == '\0')
			abort();
		if (found == 0)
			break;
		if (rest <= at || rest > text + n)
			abort(); /* it would never end */
	}
	system_is_exempt(&relay, text);
	return 0;
}
