/* SPDX-License-Identifier: Apache-2.0
 *
 * A process that has been shut in by plat_lock_down() and then tries one thing. Never built with
 * sanitizers, whose own needs would be in the way: what is tried here is what is shipped.
 * Exit code 0: it went; 1: it was refused; 2: the lock could not be made. Otherwise a signal.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/plat/plat.h"

static bool can_work(void)
{
	char *p = malloc(1 << 20);
	uint8_t random[16];

	if (!p || getrandom(random, sizeof random, 0) != sizeof random)
		return false;
	memset(p, 1, 1 << 20);
	free(p);
	if (fcntl(1, F_SETFL, fcntl(1, F_GETFL)) < 0 || fcntl(1, F_DUPFD_CLOEXEC, 3) < 0)
		return false;
	return write(1, "works\n", 6) == 6;
}

static bool can_connect(int fd)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(9)};

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0;
}

static bool can_make_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0) != MAP_FAILED;
}

int main(int argc, char **argv)
{
	static char *const arguments[] = {"true", NULL};
	const char *what = argc > 1 ? argv[1] : "";
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool did = false;

	if (strcmp(what, "system") == 0) {
		if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 1)
			return 0; /* this kernel has no Landlock */
		if (plat_limit_to_system() < 0)
			return 2;
		did = open("/etc/passwd", O_RDONLY) >= 0 && open(argv[2], O_RDONLY) < 0;
		return did ? 0 : 1;
	}
	if (plat_lock_down() < 0)
		return 2;
	if (strcmp(what, "work") == 0)
		did = can_work();
	else if (strcmp(what, "file") == 0)
		did = open("/etc/passwd", O_RDONLY) >= 0;
	else if (strcmp(what, "code") == 0)
		did = can_make_code();
	else if (strcmp(what, "socket") == 0)
		did = socket(AF_INET, SOCK_STREAM, 0) >= 0;
	else if (strcmp(what, "connect") == 0)
		did = can_connect(fd);
	else if (strcmp(what, "exec") == 0)
		did = execve("/bin/true", arguments, NULL) == 0;
	else if (strcmp(what, "fork") == 0)
		did = fork() >= 0;
	else if (strcmp(what, "signal") == 0) /* by way of a descriptor's owner */
		did = fcntl(fd, F_SETOWN, getppid()) == 0;
	else if (strcmp(what, "trace") == 0)
		did = syscall(SYS_ptrace, 16L, (long)getppid(), 0L, 0L) == 0;
	else if (strcmp(what, "chmod") == 0)
		did = syscall(SYS_fchmodat, AT_FDCWD, "/tmp", 0777) == 0;
	_exit(did ? 0 : 1);
}
