/* SPDX-License-Identifier: Apache-2.0
 *
 * Shutting a process in, before it reads the first byte of somebody hostile. Two locks that do not
 * depend on each other: seccomp says which calls there are at all, Landlock which files.
 *
 * What a process that is only to speak over descriptors it holds must never do kills it; what a
 * library may try for its comfort (open a file) fails; what is not known is not there.
 */
#include "agent/plat/plat.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#define ARCH 0 /* fails closed */
#endif

/* ---- seccomp ---- */

#define LOAD(field)    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(what)   BPF_STMT(BPF_RET | BPF_K, (what))
#define ON(call, what) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)SYS_##call, 0, 1), RETURN(what)
#define ALLOW(call)    ON(call, SECCOMP_RET_ALLOW)
#define KILL(call)     ON(call, SECCOMP_RET_KILL_PROCESS)
#define FAIL(call)     ON(call, SECCOMP_RET_ERRNO | EACCES)
/* No memory that can be executed: args[2] is the protection, its low half. */
#define NO_CODE(call)                                                                   \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)SYS_##call, 0, 4), LOAD(args[2]), \
	    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),                      \
	    RETURN(SECCOMP_RET_ERRNO | EACCES), RETURN(SECCOMP_RET_ALLOW)
/* What is needed of fcntl(): not to have signals sent to other processes. */
#define PLAIN_FCNTL                                                                        \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)SYS_fcntl, 0, 5), LOAD(args[1]),     \
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_DUPFD_CLOEXEC, 1, 0),                    \
	    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, F_SETFL, 1, 0), RETURN(SECCOMP_RET_ALLOW), \
	    RETURN(SECCOMP_RET_ERRNO | EACCES)

static int filter_calls(void)
{
	struct sock_filter code[] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
#if defined(__x86_64__)
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 1), /* the x32 calls */
		RETURN(SECCOMP_RET_KILL_PROCESS),
		ALLOW(poll),
		ALLOW(time),
		FAIL(open),
		FAIL(access),
		KILL(fork),
		KILL(vfork),
#endif
		ALLOW(read),
		ALLOW(write),
		ALLOW(readv),
		ALLOW(writev),
		ALLOW(recvfrom),
		ALLOW(sendto),
		ALLOW(recvmsg),
		ALLOW(ppoll),
		ALLOW(close),
		ALLOW(shutdown),
		ALLOW(getsockopt),
		ALLOW(setsockopt),
		ALLOW(getpeername),
		ALLOW(getsockname),
		ALLOW(brk),
		ALLOW(munmap),
		ALLOW(mremap),
		ALLOW(madvise),
		ALLOW(mlock),
		ALLOW(munlock),
		ALLOW(futex),
		ALLOW(clock_gettime),
		ALLOW(clock_nanosleep),
		ALLOW(nanosleep),
		ALLOW(gettimeofday),
		ALLOW(getrandom),
		ALLOW(getpid),
		ALLOW(gettid),
		ALLOW(getuid),
		ALLOW(geteuid),
		ALLOW(getgid),
		ALLOW(getegid),
		ALLOW(sched_yield),
		ALLOW(sigaltstack),
		ALLOW(rt_sigaction),
		ALLOW(rt_sigprocmask),
		ALLOW(rt_sigreturn),
		ALLOW(restart_syscall),
		ALLOW(exit),
		ALLOW(exit_group),
		FAIL(openat),
		FAIL(openat2),
		FAIL(faccessat),
		FAIL(readlinkat),
		KILL(execve),
		KILL(execveat),
		KILL(clone),
		KILL(clone3),
		KILL(socket),
		KILL(socketpair),
		KILL(connect),
		KILL(bind),
		KILL(listen),
		KILL(accept),
		KILL(accept4),
		KILL(ptrace),
		KILL(process_vm_readv),
		KILL(process_vm_writev),
		KILL(pidfd_getfd),
		KILL(io_uring_setup),
		KILL(bpf),
		KILL(mount),
		KILL(unshare),
		KILL(setns),
		PLAIN_FCNTL,
		NO_CODE(mmap),
		NO_CODE(mprotect),
		RETURN(SECCOMP_RET_ERRNO | ENOSYS),
	};
	struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0 ? -errno : 0;
}

/* ---- Landlock ---- */

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* As the kernel's headers of today have it; those we are built with may be older. */
struct ruleset {
	uint64_t fs, net, scoped;
};

/* All rights that this kernel knows, and how much of the struct it takes. 0: no Landlock. */
static size_t all_rights(struct ruleset *r)
{
	static const uint64_t fs[] = {0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff};
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (abi < 1)
		return 0;
	r->fs = fs[abi < 5 ? abi - 1 : 4];
	r->net = abi >= 4 ? 3 : 0;
	r->scoped = abi >= 6 ? 3 : 0;
	return abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
}

static int allow_reading(int ruleset, const char *path)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = FS_READ};
	int err;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return 0; /* there is nothing to read */
	err = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0
		  ? -errno
		  : 0;
	close(rule.parent_fd);
	return err;
}

/* Only what is named may be read, nothing may be written. A kernel without Landlock has none: what
 * must hold everywhere, seccomp says. */
static int limit_files(const char *const *readable, bool network)
{
	struct ruleset all = {0};
	size_t size = all_rights(&all);
	int err = 0;

	if (size == 0)
		return 0;
	if (network)
		all.net = all.scoped = 0;

	int fd = (int)syscall(SYS_landlock_create_ruleset, &all, size, 0);
	if (fd < 0)
		return -errno;
	for (; *readable && err == 0; readable++)
		err = allow_reading(fd, *readable);
	if (err == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		err = -errno;
	close(fd);
	return err;
}

int plat_limit_to_system(void)
{
	static const char *const system[] = {"/etc", "/usr", "/lib", "/lib64", "/run", NULL};

	return limit_files(system, true);
}

int plat_lock_down(void)
{
	static const char *const nothing[] = {NULL};
	int err = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;

	if (err == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		err = -errno;
	if (err == 0)
		err = limit_files(nothing, false);
	return err < 0 ? err : filter_calls();
}
