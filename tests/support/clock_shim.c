/* SPDX-License-Identifier: Apache-2.0
 *
 * Preloaded into one program of a flow test: moves its clocks forward without waiting. The
 * offset is a 64-bit number of milliseconds in the file that CLOCK_SHIM names; the test writes
 * it through a mapping of the same file, and then gives the program something to wake up for.
 *
 * Two more numbers may follow: how many times as fast the clocks run (0: as they are), and since
 * when (nanoseconds of the real monotonic clock). Waits of the event loop become as much shorter.
 *
 * It stands outside the programs on purpose: they have no option or variable for this.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum { AHEAD_MS, FACTOR, SINCE_NS, NUMBERS };

static const volatile int64_t *numbers;

__attribute__((constructor)) static void map_offset(void)
{
	const char *path = getenv("CLOCK_SHIM");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return;

	/* of a shorter file the rest of the page is zero */
	void *p = mmap(NULL, NUMBERS * sizeof *numbers, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED)
		numbers = p;
}

static int64_t real_ns(void)
{
	struct timespec ts = {0};

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static int64_t ahead_ns(void)
{
	int64_t factor = numbers[FACTOR];

	return numbers[AHEAD_MS] * 1000000 +
	       (factor > 1 ? (real_ns() - numbers[SINCE_NS]) * (factor - 1) : 0);
}

EXPORT int clock_gettime(clockid_t id, struct timespec *ts)
{
	long r = syscall(SYS_clock_gettime, id, ts);

	if (r == 0 && numbers) {
		int64_t ns = ahead_ns();

		ts->tv_sec += ns / 1000000000;
		ts->tv_nsec += (long)(ns % 1000000000);
		if (ts->tv_nsec >= 1000000000) {
			ts->tv_sec++;
			ts->tv_nsec -= 1000000000;
		}
	}
	return (int)r;
}

EXPORT time_t time(time_t *out)
{
	struct timespec ts = {0};

	clock_gettime(CLOCK_REALTIME, &ts);
	if (out)
		*out = ts.tv_sec;
	return ts.tv_sec;
}

static int shorter(int ms)
{
	int64_t factor = numbers ? numbers[FACTOR] : 0;

	return ms > 0 && factor > 1 ? (int)((ms + factor - 1) / factor) : ms;
}

EXPORT int epoll_pwait(int fd, struct epoll_event *events, int max, int ms, const sigset_t *set)
{
	return (int)syscall(SYS_epoll_pwait, fd, events, max, shorter(ms), set, _NSIG / 8);
}

EXPORT int epoll_wait(int fd, struct epoll_event *events, int max, int ms)
{
	return epoll_pwait(fd, events, max, ms, NULL);
}
