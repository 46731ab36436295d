/* SPDX-License-Identifier: Apache-2.0
 *
 * Which program holds a socket: the kernel gives inodes, /proc/PID/fd says who has them open.
 * Without root only the caller's own processes can be looked into; the rest is counted, so
 * that the report can say what it could not see.
 */
#ifndef AS_AGENT_COLLECT_OWNERS_H
#define AS_AGENT_COLLECT_OWNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OWNERS_PROCESSES_MAX 8192
#define OWNERS_FDS_MAX	     262144 /* looked at in all */
#define OWNERS_SOCKETS_MAX   65536
#define OWNER_COMM_LEN	     31

struct owner {
	uint32_t inode;
	int32_t pid;
	uint32_t process; /* index into names */
};

struct owners {
	struct owner *at; /* ours, sorted by inode */
	size_t count, room;
	char (*names)[OWNER_COMM_LEN + 1]; /* ours */
	size_t processes, hidden;	   /* looked into; refused for lack of rights */
	size_t fds;
	bool cut; /* one of the limits was reached */
};

/* proc: "/proc", or a folder like it in tests. */
int owners_load(struct owners *o, const char *proc);
void owners_done(struct owners *o);

/* "sshd/812", with "+2" when more processes hold it; "-" when unknown. Returns buf. */
#define OWNER_TEXT 64
const char *owners_text(const struct owners *o, uint32_t inode, char buf[OWNER_TEXT]);

/* "socket:[12345]", as the link in /proc reads; 0 when it is no socket. */
uint32_t owners_socket_inode(const char *link);

#endif
