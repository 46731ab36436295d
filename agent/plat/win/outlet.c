/* SPDX-License-Identifier: Apache-2.0
 *
 * A pipe that is written without waiting: a thread of its own waits instead. There is one in a
 * process, its standard output.
 */
#include "agent/plat/plat.h"
#include "agent/plat/win/win.h"

#include <errno.h>
#include <io.h>
#include <string.h>

#define ROOM (64u << 10)

static struct {
	HANDLE pipe, idle, work; /* idle: the room is free; work: there is something in it */
	size_t n;
	int err; /* the reader is gone */
	char room[ROOM];
} outlet;

static int write_all(const char *p, size_t n)
{
	while (n > 0) {
		DWORD did = 0;

		if (!WriteFile(outlet.pipe, p, (DWORD)n, &did, NULL))
			return -EPIPE;
		p += did;
		n -= did;
	}
	return 0;
}

static DWORD WINAPI write_for_ever(void *arg)
{
	(void)arg;
	while (WaitForSingleObject(outlet.work, INFINITE) == WAIT_OBJECT_0) {
		outlet.err = write_all(outlet.room, outlet.n);
		SetEvent(outlet.idle);
	}
	return 0;
}

int plat_outlet_begin(int fd)
{
	HANDLE thread;

	outlet.pipe = (HANDLE)_get_osfhandle(fd);
	outlet.idle = CreateEventW(NULL, TRUE, TRUE, NULL);
	outlet.work = CreateEventW(NULL, FALSE, FALSE, NULL);
	thread = outlet.idle && outlet.work ? CreateThread(NULL, 0, write_for_ever, NULL, 0, NULL)
					    : NULL;
	if (!thread)
		return -ENOMEM;
	CloseHandle(thread); /* it ends with the process */
	return 0;
}

int64_t plat_outlet_write(int fd, const void *p, size_t n)
{
	(void)fd;
	if (WaitForSingleObject(outlet.idle, 0) != WAIT_OBJECT_0)
		return -EAGAIN;
	if (outlet.err < 0)
		return outlet.err;
	outlet.n = n < ROOM ? n : ROOM;
	memcpy(outlet.room, p, outlet.n);
	ResetEvent(outlet.idle);
	SetEvent(outlet.work);
	return (int64_t)outlet.n;
}

void plat_outlet_wait(int fd, bool full, int ms)
{
	(void)fd;
	if (full)
		WaitForSingleObject(outlet.idle, ms < 0 ? INFINITE : (DWORD)ms);
	else
		Sleep(ms < 0 ? INFINITE : (DWORD)ms);
}

int plat_outlet_end(int fd)
{
	(void)fd;
	WaitForSingleObject(outlet.idle, INFINITE);
	return outlet.err;
}
