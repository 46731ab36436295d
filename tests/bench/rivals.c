/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/rivals.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_MAX_ 256

/* ---- small things ---- */

static int free_port(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof sa;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int ok = bind(fd, (struct sockaddr *)&sa, sizeof sa) == 0 &&
		 getsockname(fd, (struct sockaddr *)&sa, &len) == 0;

	close(fd);
	return ok ? ntohs(sa.sin_port) : 0;
}

static bool is_there(const char *path)
{
	return access(path, X_OK) == 0;
}

static void write_file(const struct scene *s, const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		scene_fail(s, path);
	chmod(path, 0600);
}

/* Starts a server; with a first line of output to read, waits for it. */
static pid_t serve(struct rivals *r, const char *const argv[], char line[LINE_MAX_])
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		scene_fail(r->s, "pipe");
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(fds[1]);
	if (line) {
		ssize_t n = read(fds[0], line, LINE_MAX_ - 1);
		line[n > 0 ? n : 0] = '\0';
		line[strcspn(line, "\r\n")] = '\0';
	}
	close(fds[0]);
	return pid;
}

static int wait_for_port(int port)
{
	for (int i = 0; i < 500; i++) {
		struct sockaddr_in sa = {.sin_family = AF_INET,
					 .sin_port = htons((uint16_t)port),
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int ok = connect(fd, (struct sockaddr *)&sa, sizeof sa);

		close(fd);
		if (ok == 0)
			return 0;
		usleep(10000);
	}
	return -1;
}

/* A wire of that length to a port; the port it begins at. */
static int lengthen(struct rivals *r, int port, unsigned delay_ms)
{
	struct wire *w = &r->wires[r->wire_count];
	char to[32];

	if (delay_ms == 0)
		return port;
	snprintf(to, sizeof to, "127.0.0.1:%d", port);
	wire_lay(r->s, w, to, delay_ms, WIRE_WHOLE);
	r->wire_count++;
	return atoi(strrchr(w->address, ':') + 1);
}

/* ---- ssh ---- */

static void keygen(struct rivals *r, const char *path)
{
	if (access(path, F_OK) == 0)
		return; /* an earlier round of this scene made it */
	scene_run(r->s, (const char *[]){"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "",
					 "-f", path, NULL});
}

static int start_sshd(struct rivals *r, const char *name)
{
	char conf[SCENE_PATH_MAX], text[4 * SCENE_PATH_MAX];
	int port = free_port();

	snprintf(
	    text, sizeof text,
	    "Port %d\nListenAddress 127.0.0.1\nHostKey %s/ssh/host\nAuthorizedKeysFile "
	    "%s/ssh/user.pub\nPidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
	    "PermitRootLogin yes\nMaxStartups 100\nSubsystem sftp internal-sftp\nLogLevel ERROR\n",
	    port, r->s->dir, r->s->dir);
	snprintf(conf, sizeof conf, "%.400s/ssh/%s", r->s->dir, name);
	write_file(r->s, conf, text);
	mkdir("/run/sshd", 0755); /* its own packages make it at boot */
	r->roots[r->count++] =
	    serve(r, (const char *[]){"/usr/sbin/sshd", "-D", "-f", conf, NULL}, NULL);
	if (wait_for_port(port) != 0)
		scene_fail(r->s, "sshd");
	return port;
}

static void write_config(struct rivals *r, char out[SCENE_PATH_MAX], const char *name, int jump,
			 int target, const char *more)
{
	char text[8 * SCENE_PATH_MAX];

	snprintf(out, SCENE_PATH_MAX, "%.400s/ssh/%s", r->s->dir, name);
	snprintf(
	    text, sizeof text,
	    "Host *\n IdentityFile %s/ssh/user\n IdentitiesOnly yes\n StrictHostKeyChecking no\n"
	    " UserKnownHostsFile /dev/null\n LogLevel ERROR\n HostName 127.0.0.1\n%s"
	    "Host jump\n Port %d\nHost target\n Port %d\n ProxyCommand ssh -F %s -W %%h:%%p jump\n",
	    r->s->dir, more, jump, target, out);
	write_file(r->s, out, text);
}

static void open_ssh(struct rivals *r, unsigned delay_ms)
{
	char path[SCENE_PATH_MAX];

	r->has_ssh = is_there("/usr/sbin/sshd") && is_there("/usr/bin/ssh-keygen");
	if (!r->has_ssh)
		return;
	mkdir(scene_path(r->s, "ssh", path), 0700);
	keygen(r, scene_path(r->s, "ssh/host", path));
	keygen(r, scene_path(r->s, "ssh/user", path));

	int jump = lengthen(r, start_sshd(r, "jump"), delay_ms);
	r->target_port = start_sshd(r, "target");
	int target = lengthen(r, r->target_port, delay_ms);
	write_config(r, r->config, "config", jump, target, "");
	write_config(r, r->config_gcm, "config_gcm", jump, target,
		     " Ciphers aes128-gcm@openssh.com\n");
}

int rivals_ssh(struct rivals *r, struct usage *u, const char *config, const char *command,
	       const char *from, const char *to)
{
	return usage_run(u, r->roots, r->count,
			 (const char *[]){"/bin/bash", "-o", "pipefail", "-c", command, "bench",
					  config, from, to, NULL});
}

/* ---- TLS in TLS ---- */

static void open_tls(struct rivals *r)
{
	r->has_nginx = is_there("/usr/sbin/nginx") &&
		       access("/usr/lib/nginx/modules/ngx_stream_module.so", R_OK) == 0;
	scene_path(r->s, "relay/relay.crt", r->cert);
	scene_path(r->s, "relay/relay.key", r->key);
	scene_path(r->s, "nginx.conf", r->nginx_conf);
}

static pid_t start_nginx(struct rivals *r, int target)
{
	char text[8 * SCENE_PATH_MAX];

	r->nginx_port = free_port();
	snprintf(text, sizeof text,
		 "daemon off; worker_processes 1; %s pid %s/nginx.pid; error_log %s/nginx.err;\n"
		 "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n"
		 "events { worker_connections 64; }\nstream { server {\n listen 127.0.0.1:%d ssl;\n"
		 " ssl_certificate %s; ssl_certificate_key %s; ssl_protocols TLSv1.3;\n"
		 " ssl_session_tickets off; proxy_pass 127.0.0.1:%d; proxy_ssl on;\n"
		 " proxy_ssl_protocols TLSv1.3; proxy_buffer_size 64k; } }\n",
		 geteuid() == 0 ? "user root;" : "", r->s->dir, r->s->dir, r->nginx_port, r->cert,
		 r->key, target);
	write_file(r->s, r->nginx_conf, text);

	pid_t pid = serve(
	    r, (const char *[]){"/usr/sbin/nginx", "-e", "/dev/null", "-c", r->nginx_conf, NULL},
	    NULL);
	if (wait_for_port(r->nginx_port) != 0)
		scene_fail(r->s, "nginx");
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

int rivals_tls_pair(struct rivals *r, struct usage *u, bool nginx, const char *from, const char *to)
{
	char program[SCENE_PATH_MAX], line[LINE_MAX_], address[64];
	pid_t roots[2];
	int count = 1, port, err, status;

	snprintf(program, sizeof program, "%s/tls-pair", BENCH_DIR);
	roots[0] = serve(r, (const char *[]){program, "receive", r->cert, r->key, to, NULL}, line);
	port = strrchr(line, ':') ? atoi(strrchr(line, ':') + 1) : 0;
	if (nginx) {
		roots[count++] = start_nginx(r, port);
		port = r->nginx_port;
	}
	snprintf(address, sizeof address, "127.0.0.1:%d", port);
	err = usage_run(u, roots, count, (const char *[]){program, "send", address, from, NULL});
	if (nginx)
		stop(roots[1]);
	waitpid(roots[0], &status, 0);
	return err < 0 || status != 0 ? -1 : 0;
}

/* ---- all of them ---- */

void rivals_open(struct rivals *r, struct scene *s, unsigned delay_ms)
{
	*r = (struct rivals){.s = s};
	open_ssh(r, delay_ms);
	open_tls(r);
}

void rivals_done(struct rivals *r)
{
	for (int i = 0; i < r->count; i++)
		stop(r->roots[i]);
	for (int i = 0; i < r->wire_count; i++)
		wire_take_up(&r->wires[i]);
}
