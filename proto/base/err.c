/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/base/err.h"

#include <stdio.h>
#include <string.h>

static const struct {
	int err;
	const char *name;
	const char *text;
} errors[] = {
#define X(name, n, text) {AS_##name, #name, text},
    AS_ERR_MAP(X)
#undef X
};

#define ERROR_COUNT (sizeof errors / sizeof errors[0])

const char *err_text(int err, char *buf, size_t len)
{
	for (size_t i = 0; i < ERROR_COUNT; i++) {
		if (errors[i].err == err) {
			snprintf(buf, len, "%s", errors[i].text);
			return buf;
		}
	}
	snprintf(buf, len, "%s", err == 0 ? "success" : strerror(-err));
	return buf;
}

const char *err_name(int err)
{
	for (size_t i = 0; i < ERROR_COUNT; i++)
		if (errors[i].err == err)
			return errors[i].name;
	return NULL;
}

uint32_t err_to_wire(int err)
{
	if (err == 0)
		return 0;
	if (err < AS_ERR_BASE && err >= AS_ERR_BASE - AS_ERR_WIRE_MAX)
		return (uint32_t)(AS_ERR_BASE - err);
	return (uint32_t)(AS_ERR_BASE - AS_E_INTERNAL);
}

int err_from_wire(uint32_t code)
{
	if (code == 0)
		return 0;
	if (code <= AS_ERR_WIRE_MAX && err_name(AS_ERR_BASE - (int)code))
		return AS_ERR_BASE - (int)code;
	return AS_E_PROTOCOL;
}
