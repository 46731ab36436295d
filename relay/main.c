/* SPDX-License-Identifier: Apache-2.0
 *
 * assent-relay: options, loop, signals. Everything else is in the room's library.
 */
#include <signal.h>
#include <stdio.h>
#include <uv.h>

#include "relay/server.h"
#include "relay/service.h"

struct program {
	struct server *server;
	uv_signal_t signals[3];
};

static void on_signal(uv_signal_t *sig, int number)
{
	struct program *p = sig->data;

	if (number == SIGHUP) {
		service_reload(p->server);
		return;
	}
	service_tell_stopping();
	server_drain(p->server, number == SIGTERM ? SERVER_DRAIN_S : 0);
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

static int run(uv_loop_t *loop, const struct relay_config *config)
{
	struct program p = {0};
	char why[CONFIG_WHY_MAX] = "";
	int err = server_start(loop, config, on_gone, &p, &p.server, why);

	if (err < 0) {
		fprintf(stderr, "assent-relay: %s\n", why);
	} else {
		watch_signals(loop, &p);
		service_announce(p.server);
	}
	uv_run(loop, UV_RUN_DEFAULT);
	return uv_loop_close(loop) == 0 && err == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct relay_config config;
	enum config_wish wish;
	char why[CONFIG_WHY_MAX] = "";
	int err = config_parse(argc, argv, &config, &wish, why);

	if (err == 0 && wish != CONFIG_RUN) {
		fputs(wish == CONFIG_HELP ? config_help : "assent-relay " ASSENT_VERSION "\n",
		      stdout);
		return 0;
	}
	if (err == 0)
		err = service_place(&config, why);
	if (err < 0) {
		fprintf(stderr, "assent-relay: %s\n", why);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	service_raise_descriptors();

	uv_loop_t *loop = uv_default_loop();
	if (!loop) {
		fputs("assent-relay: the system gives no event loop; may it open enough files "
		      "(ulimit -n)?\n",
		      stderr);
		return 1;
	}
	return run(loop, &config);
}
