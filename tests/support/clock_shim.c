/* SPDX-License-Identifier: Apache-2.0
 *
 * Preloaded into one program of a flow test: moves its clocks forward without waiting. The
 * offset is a 64-bit number of milliseconds in the file that CLOCK_SHIM names; the test writes
 * it through a mapping of the same file, and then gives the program something to wake up for.
 *
 * It stands outside the programs on purpose: they have no option or variable for this.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static const volatile int64_t *offset_ms;

__attribute__((constructor)) static void map_offset(void)
{
	const char *path = getenv("CLOCK_SHIM");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return;

	void *p = mmap(NULL, sizeof *offset_ms, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED)
		offset_ms = p;
}

EXPORT int clock_gettime(clockid_t id, struct timespec *ts)
{
	long r = syscall(SYS_clock_gettime, id, ts);

	if (r == 0 && offset_ms) {
		int64_t ms = *offset_ms;

		ts->tv_sec += ms / 1000;
		ts->tv_nsec += (long)(ms % 1000) * 1000000;
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
