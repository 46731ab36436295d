/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ssh/ssh_api.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "agent/ssh/version.h"
#include "proto/base/err.h"

#define LIBRARY	    "libssh.so.4"
#define DPKG_STATUS "/var/lib/dpkg/status"

/* POSIX, not ISO C, says that a function's address fits a pointer; memcpy says it silently. */
static int find(void *lib, const char *name, void *out)
{
	void *at = dlsym(lib, name);

	if (!at)
		return AS_EUNAVAIL;
	memcpy(out, &at, sizeof at);
	return 0;
}

static int find_all(void *lib, struct ssh_api *out)
{
	struct ssh_api a;
	const struct {
		const char *name;
		void *at;
	} functions[] = {
#define X(name) {"ssh_" #name, &a.name},
	    SSH_API_MAP(X)
#undef X
	};

	for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
		if (find(lib, functions[i].name, functions[i].at) < 0)
			return AS_EUNAVAIL;
	*out = a;
	return 0;
}

static bool is_good(const char *release)
{
	char package[VERSION_MAX] = "";

	if (version_is_fixed(release))
		return true;
	return version_of_package(DPKG_STATUS, "libssh-4", package) &&
	       version_is_mended(release, package);
}

int ssh_api_load(struct ssh_api *out, char why[SSH_API_WHY_MAX])
{
	void *lib = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	const char *release;

	if (!lib || find_all(lib, out) < 0) {
		snprintf(why, SSH_API_WHY_MAX,
			 "libssh is not installed on the agent's computer (package libssh-4 or "
			 "libssh); everything else works without it");
		return AS_EUNAVAIL;
	}
	release = out->version(0);
	if (!release || !is_good(release)) {
		snprintf(why, SSH_API_WHY_MAX,
			 "libssh %.40s on the agent's computer has known security faults; "
			 "needed is 0.11.5, 0.12.1 or Debian's 0.10.6-0+deb12u3",
			 release ? release : "?");
		return AS_EUNAVAIL;
	}
	out->set_log_level(SSH_LOG_NOLOG);
	return out->init() == SSH_OK ? 0 : AS_E_INTERNAL;
}
