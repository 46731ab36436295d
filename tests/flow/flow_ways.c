/* SPDX-License-Identifier: Apache-2.0
 *
 * Sessions in networks that are in the way: with the real programs, tinyproxy, and boxes of
 * tests/support/middlebox.c. The larger cast (squid, dante, nginx, DNS, IPv6) plays in
 * tests/network.
 */
#include <criterion/criterion.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/stage.h"

static struct stage st;
static struct pty console, box;
static char box_at[64];

static void open_stage(void)
{
	box.fd = -1;
	console.fd = -1;
	stage_open(&st);
}

static void close_stage(void)
{
	pty_done(&console);
	pty_done(&box);
	stage_done(&st);
}

TestSuite(ways, .init = open_stage, .fini = close_stage);

static void start_box(const char *const argv[])
{
	cr_assert_eq(pty_start_piped(&box, argv, NULL), 0);
	cr_assert(pty_expect(&box, "listening on "), "%s", box.screen ? box.screen : "");
	cr_assert(pty_rest_of_line(&box, box_at, sizeof box_at));
}

static void put(const char *name, mode_t mode, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void put(const char *name, mode_t mode, const char *fmt, ...)
{
	char path[STAGE_PATH_MAX];
	int fd = open(stage_path(&st, name, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	va_list ap;

	cr_assert(fd >= 0 && fchmod(fd, mode) == 0);
	va_start(ap, fmt);
	cr_assert_gt(vdprintf(fd, fmt, ap), 0);
	va_end(ap);
	close(fd);
}

/* agent.conf with this relay and these further lines. */
static void configure(const char *relay, const char *more)
{
	put("agent/agent.conf", 0644,
	    "relay = %s\nca = ca.crt\norganisation = Acme Support\nphone = +49 30 1234567\n%s",
	    relay, more);
}

static void connect_console(const char *relay)
{
	char command[128];

	snprintf(command, sizeof command, "collect os reachability %s", stage_silent_server(&st));
	stage_connect(&st, &console, (const char *[]){"--relay", relay, "-c", command, NULL});
}

/* A whole session in which the relay is restarted in the middle: both ends come back by their ways.
 */
static void session_with_a_loss(const char *console_relay)
{
	connect_console(console_relay);
	stage_allow(&st);
	cr_assert(pty_expect(&console, "\"os\",\"state\":\"ok\""), "%s", console.screen);
	stage_restart_relay(&st);
	cr_assert(pty_expect(&console, "\"resumed\""), "%s", console.screen);
	cr_assert_eq(pty_wait(&console), 0, "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);
}

static int run_agent(const char *const more[], const char *const env[])
{
	char config[STAGE_PATH_MAX], state[STAGE_PATH_MAX + 32];
	const char *argv[8] = {ASSENT_BIN "/assent-agent", "support", "--config",
			       stage_path(&st, "agent/agent.conf", config)};
	const char *all[4] = {state};

	for (size_t i = 0; more && more[i]; i++)
		argv[4 + i] = more[i];
	for (size_t i = 0; env && env[i]; i++)
		all[1 + i] = env[i];
	snprintf(state, sizeof state, "XDG_STATE_HOME=%s/state", st.dir);
	cr_assert_eq(pty_start(&st.agent, argv, all), 0);
	return pty_wait(&st.agent);
}

static bool says(const struct pty *p, const char *text)
{
	return p->screen && strstr(p->screen, text);
}

/* Is this text in the customer's records? */
static bool is_recorded(const char *text)
{
	char command[STAGE_PATH_MAX + 128], out[256];

	snprintf(command, sizeof command, "grep -qsF '%s' %s/state/assent/record/*.jsonl", text,
		 st.dir);
	return stage_run((const char *[]){"/bin/sh", "-c", command, NULL}, out, sizeof out) == 0;
}

#define BOX ASSENT_BIN "/middlebox"

static void start_websockets_only(void)
{
	char crt[STAGE_PATH_MAX], key[STAGE_PATH_MAX];

	/* it shows the relay's certificate: nobody looks at it, and it need not know ours */
	start_box((const char *[]){BOX, "websocket", "127.0.0.1:0", st.address,
				   stage_path(&st, "relay/relay.crt", crt),
				   stage_path(&st, "relay/relay.key", key), NULL});
	configure(box_at, "");
	stage_agent(&st);
	cr_assert(says(&st.agent, "directly, in a WebSocket over TLS"), "%s", st.agent.screen);
}

Test(ways, a_box_that_passes_only_websockets)
{
	start_websockets_only();
	session_with_a_loss(box_at);
	cr_assert(says(&console, "\"way\":\"directly, in a WebSocket over TLS\""), "%s",
		  console.screen);
	cr_assert(is_recorded("\"way\":\"directly, in a WebSocket over TLS\""));
}

static int free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert(bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
		  getsockname(fd, (struct sockaddr *)&at, &n) == 0);
	close(fd);
	return ntohs(at.sin_port);
}

/* It cannot be told to choose a port: the one that was free may be taken a moment later. */
static void start_tinyproxy(void)
{
	char conf[STAGE_PATH_MAX];

	for (int tries = 0; tries < 10; tries++) {
		int port = free_port();

		put("tinyproxy.conf", 0644,
		    "Port %d\nListen 127.0.0.1\nMaxClients 20\nTimeout 60\nBasicAuth ada geheim\n",
		    port);
		snprintf(box_at, sizeof box_at, "127.0.0.1:%d", port);
		pty_done(&box);
		cr_assert_eq(
		    pty_start_piped(&box,
				    (const char *[]){"/usr/bin/tinyproxy", "-d", "-c",
						     stage_path(&st, "tinyproxy.conf", conf), NULL},
				    NULL),
		    0);
		if (pty_expect(&box, "Accepting connections"))
			return;
	}
	cr_assert(false, "%s", box.screen);
}

Test(ways, a_proxy_with_a_password)
{
	char lines[1024];

	start_tinyproxy();
	put("agent/proxy.secret", 0600, "ada:geheim\n");
	snprintf(lines, sizeof lines,
		 "proxy = http://%s\nproxy-credentials = proxy.secret\ndirect = never\nwebsocket = "
		 "never\n",
		 box_at);
	configure(st.address, lines);
	cr_assert_eq(run_agent(NULL, NULL), 12, "%s", st.agent.screen);
	cr_assert(says(&st.agent, "only in readable form (Basic)") &&
		      says(&st.agent, "proxy-auth = basic"),
		  "%s", st.agent.screen);
	cr_assert_not(says(&st.agent, "geheim"));
	pty_done(&st.agent);

	strcat(lines, "proxy-auth = basic\n");
	configure(st.address, lines);
	stage_agent(&st);
	put("ada/console.conf", 0600,
	    "relay = %s\nproxy = http://ada:geheim@%s\nproxy-auth = basic\n", st.address, box_at);
	session_with_a_loss(st.address);
	cr_assert(says(&console, "through the proxy 127.0.0.1"), "%s", console.screen);
	cr_assert(is_recorded("\"way\":\"through the proxy 127.0.0.1"));
	cr_assert_not(is_recorded("geheim"));
	cr_assert_not(says(&console, "geheim") || says(&st.relay, "geheim"));
}

static void start_inspection(void)
{
	char crt[STAGE_PATH_MAX], key[STAGE_PATH_MAX], command[4 * STAGE_PATH_MAX];

	snprintf(command, sizeof command,
		 "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=Corp Inspection' "
		 "-keyout %s -out %s 2>/dev/null",
		 stage_path(&st, "corp.key", key), stage_path(&st, "corp.crt", crt));
	cr_assert_eq(stage_run((const char *[]){"/bin/sh", "-c", command, NULL}, NULL, 0), 0);
	start_box((const char *[]){BOX, "inspect", "127.0.0.1:0", st.address, crt, key, "127.0.0.1",
				   NULL});
}

Test(ways, inspected_tls_is_refused_and_allowed_by_policy)
{
	char bundle[STAGE_PATH_MAX];

	start_inspection();
	configure(box_at, "");
	cr_assert_eq(run_agent(NULL, NULL), 12, "%s", st.agent.screen);
	cr_assert(says(&st.agent, "issued by \"Corp Inspection\"") &&
		      says(&st.agent, "exempt them from TLS inspection"),
		  "%s", st.agent.screen);
	cr_assert_not(is_recorded("\"code\""));
	pty_done(&st.agent);

	configure(box_at, "tls-inspection = allow\ninspection-ca = ../corp.crt\n");
	stage_agent(&st);
	cr_assert(says(&st.agent, "(certificate of \"Corp Inspection\")"), "%s", st.agent.screen);
	session_with_a_loss(st.address);
	cr_assert(is_recorded("\"inspected_by\":\"Corp Inspection\""));
	stage_bundle(&st, bundle);
	cr_assert_eq(stage_run((const char *[]){ASSENT_BIN "/assent-console", "bundle", "verify",
						bundle, NULL},
			       NULL, 0),
		     0, "the inner channel is what it always was");
}

/* Bulk data is not encrypted once more for the relay; who opens the TLS on the way must not meet
 * any of it. */
static void fetch_much(const char *console_relay)
{
	char command[2 * STAGE_PATH_MAX], got[3 * STAGE_PATH_MAX], bundle[STAGE_PATH_MAX];
	const char *right = stage_data(&st);

	stage_noise(&st, "big", 3u << 20);
	snprintf(command, sizeof command, "get %s", stage_in_data(&st, "big"));
	stage_connect(
	    &st, &console,
	    (const char *[]){"--relay", console_relay, "--scope", right, "-c", command, NULL});
	stage_allow(&st);
	cr_assert_eq(pty_wait(&console), 0, "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);
	cr_assert_not(says(&console, "suspended"), "%s", console.screen);
	stage_bundle(&st, bundle);
	snprintf(got, sizeof got, "%s%s", bundle, stage_in_data(&st, "big"));
	cr_assert_eq(
	    stage_run((const char *[]){"/usr/bin/cmp", stage_in_data(&st, "big"), got, NULL}, NULL,
		      0),
	    0);
}

Test(ways, much_passes_a_websocket)
{
	start_websockets_only();
	fetch_much(box_at);
}

Test(ways, much_passes_an_inspection)
{
	start_inspection();
	configure(box_at, "tls-inspection = allow\ninspection-ca = ../corp.crt\n");
	stage_agent(&st);
	cr_assert(says(&st.agent, "(certificate of \"Corp Inspection\")"), "%s", st.agent.screen);
	fetch_much(st.address);
}

Test(ways, a_login_page)
{
	start_box((const char *[]){BOX, "portal", "127.0.0.1:0", NULL});
	configure(box_at, "");
	cr_assert_eq(run_agent(NULL, NULL), 12, "%s", st.agent.screen);
	cr_assert(says(&st.agent, "http://login.portal.test/") && says(&st.agent, "web browser"),
		  "%s", st.agent.screen);
}

Test(ways, an_explanation_tries_everything_and_asks_for_nothing)
{
	char text[16384], identity[STAGE_PATH_MAX];

	cr_assert_eq(run_agent((const char *[]){"--explain", NULL},
			       (const char *[]){"https_proxy=http://ada:geheim@127.0.0.1:1", NULL}),
		     0, "%s", st.agent.screen);
	cr_assert(says(&st.agent, "1. through the proxy 127.0.0.1:1") &&
		      says(&st.agent, "127.0.0.1:1 refuses the connection") &&
		      says(&st.agent, "Not tried: it needs the connection that failed in 1.") &&
		      says(&st.agent, "A session would connect directly."),
		  "%s", st.agent.screen);
	cr_assert_not(says(&st.agent, "geheim") || says(&st.agent, "Your code"));
	cr_assert_not(is_recorded("started"));
	cr_assert_eq(
	    stage_run((const char *[]){ASSENT_BIN "/assent-console", "connect", "--explain",
				       "--identity", stage_path(&st, "ada", identity), NULL},
		      text, sizeof text),
	    0, "%s", text);
	cr_assert(strstr(text, "A session would connect directly."), "%s", text);
	kill(st.relay.pid, SIGTERM);
	pty_wait(&st.relay);
	cr_assert_not(says(&st.relay, "event=allocated"), "%s", st.relay.screen);
}
