/* SPDX-License-Identifier: Apache-2.0
 *
 * The catalogue: one line per collector. The broker reads the promises (scope, deadline,
 * caps, the sentence the customer reads) and never the code; assent-collect runs the code,
 * `int collect_NAME(struct sink *out, const struct collect_args *args)` in NAME.c.
 *
 * name, op id (never reused), scope, profiles, deadline in s, output cap in bytes before
 * compression, address-space cap of assent-collect in MiB, the sentence for the customer.
 */
#ifndef AS_AGENT_COLLECT_TABLE_H
#define AS_AGENT_COLLECT_TABLE_H

#define PROFILE_QUICK	1u
#define PROFILE_SYSTEM	2u
#define PROFILE_NETWORK 4u
#define PROFILE_FULL	8u

#define KB *1024u
#define MB *1048576u

/* clang-format off */
#define COLLECTOR_MAP_LINUX(X)                                                                              \
	X(os, 1, SYSTEM, QUICK | SYSTEM | FULL, 10, 1 MB, 512, "Operating system version, kernel, uptime and clock") \
	X(cpu, 2, SYSTEM, QUICK | SYSTEM | FULL, 10, 1 MB, 512, "Processor model and current load")             \
	X(memory, 3, SYSTEM, QUICK | SYSTEM | FULL, 10, 1 MB, 512, "Memory and swap: how much there is and how much is used") \
	X(disks, 4, SYSTEM, QUICK | SYSTEM | FULL, 15, 2 MB, 512, "Disks, file systems and free space (no file contents)") \
	X(processes, 5, SYSTEM, SYSTEM | FULL, 20, 8 MB, 512, "Running programs, with their command lines and open files") \
	X(services, 6, SYSTEM, SYSTEM | FULL, 20, 4 MB, 512, "System services and why any of them failed")     \
	X(journal, 7, LOGS, FULL, 60, 64 MB, 1024, "Messages from the system log of the last hours")           \
	X(syslog_files, 8, LOGS, FULL, 60, 128 MB, 512, "Log files below /var/log")                            \
	X(interfaces, 9, NETWORK, QUICK | NETWORK | FULL, 10, 1 MB, 512, "Network adapters and their counters")  \
	X(addresses, 10, NETWORK, QUICK | NETWORK | FULL, 10, 1 MB, 512, "This computer's network addresses")    \
	X(routes, 11, NETWORK, QUICK | NETWORK | FULL, 10, 4 MB, 512, "Network routes")                         \
	X(neighbours, 12, NETWORK, NETWORK | FULL, 10, 1 MB, 512, "Computers this one talks to on the local network") \
	X(sockets, 13, NETWORK, NETWORK | FULL, 20, 8 MB, 512, "Open network connections and the programs that own them") \
	X(dns, 14, NETWORK, QUICK | NETWORK | FULL, 20, 1 MB, 512, "Name service settings, and a test question to each name server") \
	X(reachability, 15, NETWORK, NETWORK | FULL, 30, 1 MB, 512, "Tests whether this computer reaches the support relay and the names asked for")

/* Operations with a command of their own: live views, and files below a folder that was granted.
 *
 * name, op id, scope, flags (BULK LIVE INPUT), deadline in s (0: until it is stopped), address-space
 * cap in MiB, the sentence for the customer. How much they send the grant alone limits.
 */
#define OPERATION_MAP_LINUX(X)                                                                              \
	X(tail, 32, LOGS, LIVE, 0, 512, "Follow log files below /var/log as they grow")                 \
	X(tail_files, 33, FILES, LIVE, 0, 512, "Follow files as they grow")                             \
	X(journal_live, 34, LOGS, LIVE, 0, 1024, "Follow the messages of the system log")               \
	X(top, 35, METRICS, LIVE, 0, 512, "Watch the load: processors, memory, disks, network and programs") \
	X(ls, 40, FILES, BULK, 120, 512, "List a folder")                                               \
	X(stat, 41, FILES, BULK, 60, 512, "Look at the details of files")                               \
	X(find, 42, FILES, BULK, 600, 512, "Search for files")                                          \
	X(get, 43, FILES, BULK, 0, 512, "Send files")                                                   \
	X(put, 44, PUT, INPUT, 0, 512, "Receive a file from the engineer")

/* The same, but run by a program of its own: assent-collect-ssh. */
#define DEVICE_MAP_LINUX(X)                                                                           \
	X(device, 48, DEVICE, 0, 1800, 512, "Read from another device")
/* clang-format on */

#include "agent/collect/table_win.h"

/* This system's; the build says which (cmake/rules.cmake). */
#define COLLECTOR_MAP(X) AS_COLLECTORS(X)
#define OPERATION_MAP(X) AS_OPERATIONS(X)
#define DEVICE_MAP(X)	 AS_DEVICES(X)

#endif
