/* SPDX-License-Identifier: Apache-2.0
 *
 * Ways and reports: what the process that dials is told, what it and assent-net say, and what an
 * environment may contain. The first byte chooses.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/route/report.h"
#include "proto/route/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* What was taken is written again as it came. */
static void ways(const uint8_t *p, size_t n)
{
	struct route r;
	uint8_t again[ROUTE_ENCODED_MAX + 1024];

	if (route_decode(p, n, &r) < 0)
		return;
	check(route_encode(&r, again, sizeof again) == (int)n && memcmp(again, p, n) == 0);
}

static void reports(const uint8_t *p, size_t n)
{
	struct route way = {.to = {"relay.example", "443"}};
	struct report r;
	uint8_t again[REPORT_ENCODED_MAX];
	char text[REPORT_TEXT_MAX];

	if (report_decode(p, n, &r) < 0)
		return;
	check(report_encode(&r, again, sizeof again) == (int)n && memcmp(again, p, n) == 0);
	report_text(&way, &r, text);
	check(text_is_clean(text, strlen(text)));
}

static void urls(const char *text)
{
	struct route_proxy proxy;
	enum route_carrier carrier;
	struct hostport at;
	char path[ROUTE_PATH_MAX + 1], why[ROUTE_WHY_MAX];

	if (url_proxy(text, &proxy, why) == 0) {
		check(proxy.at.host[0] && hostport_number(&proxy.at) > 0);
		check(text_is_clean(proxy.user, strlen(proxy.user)));
	}
	if (url_websocket(text, &carrier, &at, path, why) == 0)
		check(path[0] == '/' && text_is_clean(path, strlen(path)));
}

/* "host list" */
static void exempt(char *text)
{
	struct hostport to = {.port = "443"};
	char *list = strchr(text, ' ');

	if (!list || (size_t)(list - text) >= sizeof to.host)
		return;
	memcpy(to.host, text, (size_t)(list - text));
	(void)route_is_exempt(&to, list + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[600] = "";

	if (size == 0)
		return 0;
	memcpy(text, data + 1, size - 1 < sizeof text ? size - 1 : sizeof text - 1);
	switch (data[0] % 4) {
	case 0:
		ways(data + 1, size - 1);
		break;
	case 1:
		reports(data + 1, size - 1);
		break;
	case 2:
		urls(text);
		break;
	default:
		exempt(text);
	}
	return 0;
}
