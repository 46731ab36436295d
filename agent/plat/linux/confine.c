/* SPDX-License-Identifier: Apache-2.0
 *
 * Giving up rights: what a process of ours may no longer do once it is running. Both functions
 * fail closed, and both are called before the first byte from elsewhere is read.
 *
 * The sanitizers need two things that these rules forbid: a huge address space, and a thread
 * that may trace its own process when it looks for leaks. A sanitized build is never shipped;
 * it goes without those two rules, and this is the only place that knows.
 */
#include "agent/plat/plat.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#endif
#if !defined(SANITIZED)
#define SANITIZED 0
#endif

const char plat_os[] = "linux";
const bool plat_is_sanitized = SANITIZED;

/* The kernel's overflow user. A name lookup could go to a directory server, so none is made. */
#define NOBODY 65534

static int deny(int option, unsigned long value)
{
	return prctl(option, value, 0, 0, 0) < 0 ? -errno : 0;
}

static int no_core_dump(void)
{
	const struct rlimit none = {0, 0};

	return setrlimit(RLIMIT_CORE, &none) < 0 ? -errno : 0;
}

/* Root becomes nobody. Afterwards the way back must be closed: that is tried, not assumed. */
static int leave_root(void)
{
	if (geteuid() != 0 && getuid() != 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return -errno;
	return setresuid(0, 0, 0) == 0 ? -EPERM : 0;
}

/* A user without root may still hold capabilities (by file or by service manager). */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}};

	int err = deny(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
	if (err < 0)
		return err;
	return syscall(SYS_capset, &head, none) < 0 ? -errno : 0;
}

int plat_drop_rights(void)
{
	int err = leave_root();

	if (err == 0)
		err = drop_capabilities();
	if (err == 0)
		err = deny(PR_SET_NO_NEW_PRIVS, 1);
	if (err == 0)
		err = no_core_dump();
	if (err == 0 && !SANITIZED)
		err = deny(PR_SET_DUMPABLE, 0);
	if (err == 0) /* last: a change of user clears it */
		err = deny(PR_SET_PDEATHSIG, SIGKILL);
	return err;
}

int plat_guard_secrets(void)
{
	int err = no_core_dump();

	if (err == 0 && !SANITIZED)
		err = deny(PR_SET_DUMPABLE, 0);
	return err;
}

/* Only the soft limit: the tools that a collector starts are not ours and get room again. */
static int cap_memory(uint32_t mem_mib)
{
	struct rlimit lim;
	rlim_t want = (rlim_t)mem_mib << 20;

	if (getrlimit(RLIMIT_AS, &lim) < 0)
		return -errno;
	if (lim.rlim_max == RLIM_INFINITY || want < lim.rlim_max)
		lim.rlim_cur = want;
	else
		lim.rlim_cur = lim.rlim_max;
	return setrlimit(RLIMIT_AS, &lim) < 0 ? -errno : 0;
}

/* The tools, too, each for itself. The hard limit stays, so that the rule can only be tightened. */
static int cap_time(uint32_t cpu_s)
{
	struct rlimit lim;

	if (cpu_s == 0)
		return 0;
	if (getrlimit(RLIMIT_CPU, &lim) < 0)
		return -errno;
	lim.rlim_cur = cpu_s < lim.rlim_max ? cpu_s : lim.rlim_max;
	return setrlimit(RLIMIT_CPU, &lim) < 0 ? -errno : 0;
}

int plat_confine_collector(uint32_t mem_mib, uint32_t cpu_s)
{
	/* Started detached, we lead our session already and setsid() refuses. */
	if (setsid() < 0 && getsid(0) != getpid())
		return -errno;

	int err = deny(PR_SET_NO_NEW_PRIVS, 1);
	if (err == 0)
		err = deny(PR_SET_CHILD_SUBREAPER, 1); /* what a tool leaves behind comes to us */
	if (err == 0)
		err = no_core_dump();
	if (err == 0 && !SANITIZED)
		err = cap_memory(mem_mib);
	if (err == 0)
		err = cap_time(cpu_s);
	if (err == 0)
		err = deny(PR_SET_PDEATHSIG, SIGKILL);
	return err;
}
