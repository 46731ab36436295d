/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/way.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/plat/plat.h"
#include "proto/base/err.h"
#include "proto/base/secret.h"
#include "proto/route/system.h"

static const char *from_environment(const char *name)
{
	return getenv(name);
}

const char way_none[] = "assent-agent: the configuration says \"direct = never\", and no proxy is "
			"set, so there is no way "
			"to the support server. Set \"proxy\", or allow direct connections.\n";

/* What the operating system's settings say; false when it has none. */
static bool ask_system(struct route_system *out)
{
	struct plat_proxy p;

	if (plat_system_proxy(&p) < 0)
		return false;
	snprintf(out->proxies, sizeof out->proxies, "%s", p.proxies);
	snprintf(out->bypass, sizeof out->bypass, "%s", p.bypass);
	out->script = p.script;
	out->detect = p.detect;
	secret_wipe(&p, sizeof p); /* somebody may have put a password there */
	return true;
}

int way_list(const struct agent_config *c, struct tries *out)
{
	struct route_env env = route_env(from_environment);
	struct route_system settings;
	struct hostport relay;
	int err = hostport_split(c->relay, &relay);

	if (ask_system(&settings))
		env.system = &settings;
	if (err == 0)
		err = route_list_make(&c->route, &env, &relay, &out->list);
	secret_wipe(&settings, sizeof settings);
	tries_init(out);
	return err;
}

static int send_piece(struct link *net, enum ipc_config what, const void *p, size_t n)
{
	return link_send(
	    net, &(struct ipc_msg){.type = IPC_CONFIG, .code = what, .payload = p, .len = n});
}

int way_send_config(struct link *net, const struct agent_config *c)
{
	struct hostport relay;
	int err = hostport_split(c->relay, &relay);

	if (err == 0)
		err = send_piece(net, IPC_RELAY_NAME, relay.host, strlen(relay.host));
	if (err == 0)
		err = send_piece(net, IPC_RELAY_CA, c->ca_pem, c->ca_len);
	if (err == 0)
		err = send_piece(net, IPC_ENGINEER_CA, c->ca_pem, c->ca_len);
	return err;
}

/* ---- whom this computer trusts ---- */

static int read_file(const char *path, char *out, size_t cap)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return -errno;

	size_t n = fread(out, 1, cap, f);
	int err = ferror(f) ? -EIO : n == cap ? AS_E_TOO_BIG : 0;
	fclose(f);
	return err < 0 ? err : (int)n;
}

static int send_cas(struct way_sender *s)
{
	const char *path = s->config->inspection_path;
	char *pem = malloc(IPC_SYSTEM_CAS_MAX);
	if (!pem)
		return UV_ENOMEM;

	int n = path[0] ? read_file(path, pem, IPC_SYSTEM_CAS_MAX)
			: plat_system_trust(pem, IPC_SYSTEM_CAS_MAX);
	int err = n < 0 ? n : 0;
	for (int at = 0; at < n && err == 0; at += IPC_PAYLOAD_MAX) {
		int left = n - at;

		err = send_piece(s->net, IPC_SYSTEM_CAS, pem + at,
				 (size_t)(left < IPC_PAYLOAD_MAX ? left : IPC_PAYLOAD_MAX));
	}
	free(pem);
	s->has_cas = err == 0;
	return err;
}

int way_send_socket(struct way_sender *s, uv_stream_t *socket, const struct route *way)
{
	struct ipc_way w = {.carrier = (uint8_t)way->carrier,
			    .system_trust = way->system_trust,
			    .only_greet = s->only_greet};
	int err = way->system_trust && !s->has_cas ? send_cas(s) : 0;

	memcpy(w.host, way->to.host, sizeof way->to.host);
	memcpy(w.port, way->to.port, sizeof way->to.port);
	memcpy(w.path, way->path, sizeof way->path);
	return err < 0 ? err : link_send_socket(s->net, socket, &w);
}
