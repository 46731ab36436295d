/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/scope.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"
#include "proto/wire/device.h"
#include "proto/wire/host_path.h"

enum target { TARGET_NEVER, TARGET_ALWAYS, TARGET_BY_CUSTOMER };

static const struct {
	enum scope_kind kind;
	const char *name;
	enum target target;
} kinds[] = {
#define X(name, n, text, target) {SCOPE_##name, text, target},
    SCOPE_MAP(X)
#undef X
};

#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

const char *scope_kind_name(enum scope_kind kind)
{
	for (size_t i = 0; i < KIND_COUNT; i++)
		if (kinds[i].kind == kind)
			return kinds[i].name;
	return "?";
}

static int check(const struct scope *s, bool wish)
{
	size_t n = strlen(s->target);
	struct device device;

	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (kinds[i].kind != s->kind)
			continue;

		bool wants = kinds[i].target == TARGET_ALWAYS ||
			     (kinds[i].target == TARGET_BY_CUSTOMER && !wish);
		if (wants != (n > 0) || !text_is_clean(s->target, n))
			return AS_E_SCOPE;
		if ((s->kind == SCOPE_FILES || (s->kind == SCOPE_PUT && n > 0)) &&
		    !host_path_is_plain(s->target))
			return AS_E_SCOPE;
		if (s->kind == SCOPE_DEVICE && device_parse(s->target, &device) < 0)
			return AS_E_SCOPE;
		return 0;
	}
	return AS_E_SCOPE;
}

int scope_check_wish(const struct scope *s)
{
	return check(s, true);
}

int scope_check(const struct scope *s)
{
	return check(s, false);
}

int scope_answers(const struct scope *granted, const struct scope *wish)
{
	if (scope_is_equal(granted, wish))
		return 1;
	return granted->kind == wish->kind && granted->kind == SCOPE_PUT && !wish->target[0];
}

int scope_parse(const char *text, struct scope *out)
{
	const char *colon = strchr(text, ':');
	size_t name_len = colon ? (size_t)(colon - text) : strlen(text);

	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (strlen(kinds[i].name) != name_len || memcmp(kinds[i].name, text, name_len) != 0)
			continue;

		struct scope s = {.kind = kinds[i].kind};
		const char *target = colon ? colon + 1 : "";

		if (strlen(target) > SCOPE_TARGET_MAX || (colon && !*target))
			return AS_E_SCOPE;
		memcpy(s.target, target, strlen(target) + 1);

		int err = scope_check_wish(&s);
		if (err == 0)
			*out = s;
		return err;
	}
	return AS_E_SCOPE;
}

const char *scope_text(const struct scope *s, char *out)
{
	snprintf(out, SCOPE_TEXT_MAX, "%s%s%s", scope_kind_name(s->kind), s->target[0] ? ":" : "",
		 s->target);
	return out;
}

int scope_is_equal(const struct scope *a, const struct scope *b)
{
	return a->kind == b->kind && strcmp(a->target, b->target) == 0;
}
