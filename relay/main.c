/* SPDX-License-Identifier: Apache-2.0
 *
 * assent-relay: options, loop, signals. Everything else is in the room's library.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <uv.h>

#include "proto/base/log.h"
#include "relay/server.h"

struct program {
	struct server *server;
	uv_signal_t signals[3];
};

static void on_signal(uv_signal_t *sig, int number)
{
	struct program *p = sig->data;
	char why[CONFIG_WHY_MAX];

	if (number != SIGHUP)
		server_drain(p->server, SERVER_DRAIN_S);
	else if (server_reload(p->server, why) < 0)
		log_error("relay", "event=reload-failed the old certificates stay in use: %s", why);
	else
		log_info("relay", "event=reloaded");
}

static void watch_signals(uv_loop_t *loop, struct program *p)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

	for (int i = 0; i < 3; i++) {
		uv_signal_init(loop, &p->signals[i]);
		p->signals[i].data = p;
		uv_signal_start(&p->signals[i], on_signal, numbers[i]);
	}
}

static void on_gone(void *owner)
{
	struct program *p = owner;

	for (int i = 0; i < 3; i++)
		uv_close((uv_handle_t *)&p->signals[i], NULL);
}

/* One connection is one descriptor. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int run(uv_loop_t *loop, const struct relay_config *config)
{
	struct program p = {0};
	char why[CONFIG_WHY_MAX] = "", address[LISTEN_TEXT_MAX];
	int err = server_start(loop, config, on_gone, &p, &p.server, why);

	if (err < 0) {
		fprintf(stderr, "assent-relay: %s\n", why);
	} else {
		watch_signals(loop, &p);
		printf("listening on %s\n", server_address(p.server, address));
		fflush(stdout);
	}
	uv_run(loop, UV_RUN_DEFAULT);
	return uv_loop_close(loop) == 0 && err == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct relay_config config;
	enum config_wish wish;
	char why[CONFIG_WHY_MAX] = "";

	if (config_parse(argc, argv, &config, &wish, why) < 0) {
		fprintf(stderr, "assent-relay: %s\n", why);
		return 2;
	}
	if (wish != CONFIG_RUN) {
		fputs(wish == CONFIG_HELP ? config_help : "assent-relay " ASSENT_VERSION "\n",
		      stdout);
		return 0;
	}
	signal(SIGPIPE, SIG_IGN);
	raise_descriptors();
	return run(uv_default_loop(), &config);
}
