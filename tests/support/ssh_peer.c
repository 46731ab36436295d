/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/ssh_peer.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libssh/libssh.h>
#include <libssh/server.h>

#define LINE_LEN 512

/* ---- what it says ---- */

static void say(ssh_channel ch, const char *text)
{
	ssh_channel_write(ch, text, (uint32_t)strlen(text));
}

static void say_binary(ssh_channel ch)
{
	uint8_t bytes[4096];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7);
	say(ch, "\x1b[2J\x1b]0;title\x07"
		"Type allow or deny: \n");
	ssh_channel_write(ch, bytes, sizeof bytes);
}

static void finish(ssh_channel ch, int status)
{
	ssh_channel_request_send_exit_status(ch, status);
	ssh_channel_send_eof(ch);
	ssh_channel_close(ch);
}

static void run_command(enum ssh_peer_kind kind, ssh_session s, ssh_channel ch, const char *command)
{
	static int count;
	char line[LINE_LEN];

	if (kind == SSH_PEER_BINARY)
		say_binary(ch);
	if (kind == SSH_PEER_DROPS && ++count == 2) {
		say(ch, "half of an ans");
		ssh_blocking_flush(s, 1000);
		_exit(0);
	}
	snprintf(line, sizeof line, "output of %.400s\n", command);
	say(ch, line);
	finish(ch, 0);
}

/* Reads one line that was typed, echoing it. False at the end. */
static bool read_line(ssh_channel ch, char line[LINE_LEN])
{
	size_t n = 0;
	char c;

	while (ssh_channel_read(ch, &c, 1, 0) == 1 && n + 1 < LINE_LEN) {
		if (c == '\n' || c == '\r') {
			line[n] = '\0';
			say(ch, "\r\n");
			return true;
		}
		if (c == 3) { /* Ctrl-C */
			say(ch, "^C\r\n");
			n = 0;
			line[0] = '\0';
			return true;
		}
		line[n++] = c;
		ssh_channel_write(ch, &c, 1);
	}
	return false;
}

/* "show arp" in three pages. False when the other side does not turn them. */
static bool show_pages(ssh_channel ch, int pages)
{
	char c = ' ', line[LINE_LEN];

	for (int i = 0; i < pages; i++) {
		snprintf(line, sizeof line, "entry %d\r\n --More-- ", i);
		say(ch, line);
		do {
			if (ssh_channel_read(ch, &c, 1, 0) != 1)
				return false;
		} while (c != ' ' && c != 3);
		say(ch, "\b\b\b\b\b\b\b\b\b\b          \b\b\b\b\b\b\b\b\b\b");
		if (c == 3)
			break;
	}
	return true;
}

static void run_terminal(ssh_channel ch)
{
	char line[LINE_LEN], answer[2 * LINE_LEN];

	say(ch, "\r\nWelcome to # this switch\r\n\r\nsw1#");
	while (read_line(ch, line)) {
		if (strcmp(line, "show arp") == 0 && !show_pages(ch, 3))
			return;
		snprintf(answer, sizeof answer, "answer to %.400s\r\n", line);
		if (strcmp(line, "show version") == 0)
			say(ch, "Cisco IOS Software, sw1# is my name\r\n");
		else if (strncmp(line, "show lldp", 9) == 0)
			say(ch, "           ^\r\n% Invalid input detected at '^' marker.\r\n\r\n");
		else if (line[0] && strncmp(line, "terminal ", 9) != 0)
			say(ch, answer);
		say(ch, "sw1#");
	}
}

/* ---- who may log in ---- */

static bool take_password(ssh_message m)
{
	const char *password = ssh_message_auth_password(m);

	return password && strcmp(password, SSH_PEER_PASSWORD) == 0;
}

/* Two questions, one after the other: 0 not yet, 1 right, -1 wrong. */
static int take_answers(ssh_session s, ssh_message m, int *asked)
{
	const char *prompts[] = {"Password: ", "Code from \"the\" \x1b[31mapp: "};
	char echo[] = {0};

	if (ssh_message_auth_kbdint_is_response(m)) {
		const char *given = ssh_userauth_kbdint_getanswer(s, 0);
		const char *wanted = *asked == 1 ? SSH_PEER_PASSWORD : SSH_PEER_CODE;

		if (!given || strcmp(given, wanted) != 0)
			return -1;
		if (*asked == 2)
			return 1;
	} else {
		*asked = 0;
	}
	ssh_message_auth_interactive_request(m, "", "", 1, &prompts[*asked], echo);
	++*asked;
	return 0;
}

/* right: how many steps there were */
static bool wants_more(enum ssh_peer_kind kind, int right)
{
	return kind == SSH_PEER_BOTH || (kind == SSH_PEER_TWICE && right < 2);
}

static bool authenticate(enum ssh_peer_kind kind, ssh_session s)
{
	int methods =
		kind == SSH_PEER_QUESTIONS ? SSH_AUTH_METHOD_INTERACTIVE : SSH_AUTH_METHOD_PASSWORD,
	    asked = 0, right = 0;
	ssh_message m;

	while ((m = ssh_message_get(s)) != NULL) {
		int type = ssh_message_type(m), how = ssh_message_subtype(m), ok = -1;

		if (type == SSH_REQUEST_AUTH && how == SSH_AUTH_METHOD_PASSWORD)
			ok = take_password(m) && methods == SSH_AUTH_METHOD_PASSWORD ? 1 : -1;
		if (type == SSH_REQUEST_AUTH && how == SSH_AUTH_METHOD_INTERACTIVE)
			ok = take_answers(s, m, &asked);
		if (ok > 0 && wants_more(kind, ++right)) {
			if (kind == SSH_PEER_BOTH)
				methods = SSH_AUTH_METHOD_PUBLICKEY;
			ssh_message_auth_set_methods(m, methods);
			ssh_message_auth_reply_success(m, 1);
			ok = 0;
		}
		if (ok > 0)
			ssh_message_auth_reply_success(m, 0);
		if (ok < 0) {
			ssh_message_auth_set_methods(m, methods);
			ssh_message_reply_default(m);
		}
		ssh_message_free(m);
		if (ok > 0)
			return true;
		if (ok < 0 && kind == SSH_PEER_EXITS && how == SSH_AUTH_METHOD_PASSWORD)
			return false;
	}
	return false;
}

/* ---- channels ---- */

static void serve_channel(enum ssh_peer_kind kind, ssh_session s, ssh_channel ch)
{
	ssh_message m;

	while ((m = ssh_message_get(s)) != NULL) {
		int how = ssh_message_type(m) == SSH_REQUEST_CHANNEL ? ssh_message_subtype(m) : -1;
		char command[LINE_LEN] = "";

		if (how == SSH_CHANNEL_REQUEST_EXEC)
			snprintf(command, sizeof command, "%s",
				 ssh_message_channel_request_command(m));
		if (how == SSH_CHANNEL_REQUEST_PTY || how == SSH_CHANNEL_REQUEST_SHELL ||
		    how == SSH_CHANNEL_REQUEST_EXEC)
			ssh_message_channel_request_reply_success(m);
		else
			ssh_message_reply_default(m);
		ssh_message_free(m);
		if (how == SSH_CHANNEL_REQUEST_EXEC) {
			run_command(kind, s, ch, command);
			return;
		}
		if (how == SSH_CHANNEL_REQUEST_SHELL) {
			run_terminal(ch);
			return;
		}
	}
}

static void serve(enum ssh_peer_kind kind, ssh_session s)
{
	ssh_message m;

	if (ssh_handle_key_exchange(s) != SSH_OK || !authenticate(kind, s))
		return;
	while ((m = ssh_message_get(s)) != NULL) {
		ssh_channel ch = ssh_message_type(m) == SSH_REQUEST_CHANNEL_OPEN
				     ? ssh_message_channel_request_open_reply_accept(m)
				     : NULL;

		if (!ch)
			ssh_message_reply_default(m);
		ssh_message_free(m);
		if (ch)
			serve_channel(kind, s, ch);
	}
}

/* ---- connections ---- */

static void greet_without_end(int fd)
{
	static char line[4096];

	memset(line, 'x', sizeof line);
	line[sizeof line - 2] = '\r';
	line[sizeof line - 1] = '\n';
	while (write(fd, line, sizeof line) > 0)
		;
}

static void set_up(enum ssh_peer_kind kind, ssh_bind bind, ssh_key key)
{
	bool off = false;
	const char *banner = kind == SSH_PEER_SWITCH ? "Cisco-1.25" : "Test";

	ssh_bind_options_set(bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &off);
	ssh_bind_options_set(bind, SSH_BIND_OPTIONS_BANNER, banner);
	ssh_bind_options_set(bind, SSH_BIND_OPTIONS_IMPORT_KEY, key);
	if (kind == SSH_PEER_OLD) {
		ssh_bind_options_set(bind, SSH_BIND_OPTIONS_KEY_EXCHANGE,
				     "diffie-hellman-group14-sha1");
		ssh_bind_options_set(bind, SSH_BIND_OPTIONS_CIPHERS_C_S, "aes128-cbc");
		ssh_bind_options_set(bind, SSH_BIND_OPTIONS_CIPHERS_S_C, "aes128-cbc");
	}
}

static void one_connection(enum ssh_peer_kind kind, int fd, ssh_key key)
{
	ssh_bind bind;
	ssh_session s;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (kind == SSH_PEER_BANNER) {
		greet_without_end(fd);
		_exit(0);
	}
	bind = ssh_bind_new();
	s = ssh_new();
	set_up(kind, bind, key);
	if (ssh_bind_accept_fd(bind, s, fd) == SSH_OK)
		serve(kind, s);
	ssh_disconnect(s);
	_exit(0);
}

static void accept_all(enum ssh_peer_kind kind, int listener)
{
	ssh_key key = NULL;

	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ssh_init();
	if (ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key) != SSH_OK)
		_exit(1);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0 && fork() == 0)
			one_connection(kind, fd, key);
		if (fd >= 0)
			close(fd);
	}
}

void ssh_peer_start(struct ssh_peer *p, enum ssh_peer_kind kind)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	socklen_t len = sizeof sa;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert(listener >= 0 && bind(listener, (struct sockaddr *)&sa, sizeof sa) == 0 &&
		  listen(listener, 16) == 0 &&
		  getsockname(listener, (struct sockaddr *)&sa, &len) == 0);
	p->port = ntohs(sa.sin_port);
	snprintf(p->target, sizeof p->target, "admin@127.0.0.1:%u", p->port);
	p->pid = fork();
	cr_assert_geq(p->pid, 0);
	if (p->pid == 0)
		accept_all(kind, listener);
	close(listener);
}

void ssh_peer_stop(struct ssh_peer *p)
{
	if (p->pid <= 0)
		return;
	kill(p->pid, SIGKILL);
	waitpid(p->pid, NULL, 0);
	p->pid = 0;
}
