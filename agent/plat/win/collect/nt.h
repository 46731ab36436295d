/* SPDX-License-Identifier: Apache-2.0
 *
 * The few structures of NtQuerySystemInformation() that the collectors read, as they are laid out
 * on x86-64. The function is documented; these are what it has returned since Windows 2000.
 */
#ifndef AS_WIN_NT_H
#define AS_WIN_NT_H

#include <stdint.h>

#define NT_PROCESSES	5
#define NT_PROCESSORS	8
#define NT_PAGE_FILES	18
#define NT_LENGTH_WRONG ((long)0xC0000004)

struct nt_string {
	uint16_t length, maximum; /* bytes */
	wchar_t *text;
};

struct nt_process {
	uint32_t next; /* bytes to the next one, 0: the last */
	uint32_t threads;
	int64_t working_set_private;
	uint32_t hard_faults, threads_high;
	uint64_t cycles;
	int64_t created, user, kernel; /* 100 ns; created since 1601 */
	struct nt_string name;
	int32_t priority;
	void *pid, *parent;
	uint32_t handles, session;
	uintptr_t key;
	size_t virtual_peak, virtual_size;
	uint32_t page_faults;
	size_t working_set_peak, working_set;
	size_t paged_peak, paged, nonpaged_peak, nonpaged;
	size_t pagefile, pagefile_peak, private_pages;
};

struct nt_processor {
	int64_t idle, kernel, user, dpc, interrupt; /* kernel holds idle */
	uint32_t interrupts;
};

/* The whole answer, to be freed; NULL with *status when there is none. */
void *nt_query(int what, uint32_t *length, long *status);

#endif
