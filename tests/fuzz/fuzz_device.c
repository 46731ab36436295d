/* SPDX-License-Identifier: Apache-2.0
 *
 * The target of a right "device", which an engineer writes. Promises: what is taken has nothing in
 * it that a library or a shell could take for anything but a name; it fits its limits; put together
 * again it is the same device; and a refusal leaves no trace.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire/device.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ALL 512

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void must_have_only(const char *text, size_t max, const char *signs)
{
	size_t n = strlen(text);

	must(n > 0 && n <= max && text[0] != '-');
	for (size_t i = 0; i < n; i++) {
		char c = text[i];
		bool plain =
		    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		must(plain || strchr(signs, c));
	}
}

static void must_come_back(const struct device *d)
{
	char text[ALL];
	struct device again = {0};
	bool six = strchr(d->host, ':') != NULL;

	snprintf(text, sizeof text, "%s@%s%s%s:%u%s%s%s%s", d->user, six ? "[" : "", d->host,
		 six ? "]" : "", d->port, d->type[0] ? "," : "", d->type,
		 d->config ? ",config" : "", d->legacy ? ",legacy" : "");
	must(device_parse(text, &again) == 0);
	must(strcmp(again.user, d->user) == 0 && strcmp(again.host, d->host) == 0 &&
	     strcmp(again.type, d->type) == 0 && again.port == d->port &&
	     again.config == d->config && again.legacy == d->legacy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[ALL + 1];
	struct device d, before;

	if (size > ALL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	memset(&d, 0x55, sizeof d);
	before = d;
	if (device_parse(text, &d) < 0) {
		must(memcmp(&d, &before, sizeof d) == 0);
		return 0;
	}
	must_have_only(d.user, DEVICE_USER_MAX, "._-+");
	must_have_only(d.host, DEVICE_HOST_MAX, "._-:%");
	if (d.type[0])
		must_have_only(d.type, DEVICE_TYPE_MAX, "-");
	must(d.port > 0);
	must_come_back(&d);
	return 0;
}
