/* SPDX-License-Identifier: Apache-2.0
 *
 * The catalogue of Windows, in the columns of table.h. What is the same fact has the same name
 * and id as there, so that profiles and scripts work on both; what only Windows has is numbered
 * from 64. The code is in agent/plat/win/collect.
 */
#ifndef AS_AGENT_COLLECT_TABLE_WIN_H
#define AS_AGENT_COLLECT_TABLE_WIN_H

/* clang-format off */
#define COLLECTOR_MAP_WIN(X) \
	X(os, 1, SYSTEM, QUICK | SYSTEM | FULL, 10, 1 MB, 512, "Operating system version, kernel, uptime and clock") \
	X(cpu, 2, SYSTEM, QUICK | SYSTEM | FULL, 10, 1 MB, 512, "Processor model and current load") \
	X(memory, 3, SYSTEM, QUICK | SYSTEM | FULL, 10, 1 MB, 512, "Memory and swap: how much there is and how much is used") \
	X(disks, 4, SYSTEM, QUICK | SYSTEM | FULL, 20, 2 MB, 512, "Disks, file systems and free space (no file contents)") \
	X(processes, 5, SYSTEM, SYSTEM | FULL, 20, 8 MB, 512, "Running programs, with their command lines") \
	X(services, 6, SYSTEM, SYSTEM | FULL, 20, 4 MB, 512, "System services and why any of them failed") \
	X(journal, 7, LOGS, FULL, 90, 64 MB, 1024, "Messages from the Windows event logs of the last hours") \
	X(interfaces, 9, NETWORK, QUICK | NETWORK | FULL, 30, 1 MB, 512, "Network adapters and their counters") \
	X(addresses, 10, NETWORK, QUICK | NETWORK | FULL, 30, 1 MB, 512, "This computer's network addresses") \
	X(routes, 11, NETWORK, QUICK | NETWORK | FULL, 30, 4 MB, 512, "Network routes") \
	X(neighbours, 12, NETWORK, NETWORK | FULL, 30, 1 MB, 512, "Computers this one talks to on the local network") \
	X(sockets, 13, NETWORK, NETWORK | FULL, 60, 8 MB, 512, "Open network connections and the programs that own them") \
	X(dns, 14, NETWORK, QUICK | NETWORK | FULL, 60, 1 MB, 512, "Name service settings, cached names, and a test question to each name server") \
	X(reachability, 15, NETWORK, NETWORK | FULL, 30, 1 MB, 512, "Tests whether this computer reaches the support relay and the names asked for") \
	X(hardware, 64, SYSTEM, SYSTEM | FULL, 40, 1 MB, 512, "What this computer is made of (no serial numbers)") \
	X(drivers, 65, SYSTEM, SYSTEM | FULL, 40, 4 MB, 512, "Drivers, and devices that have trouble") \
	X(updates, 66, SYSTEM, SYSTEM | FULL, 40, 2 MB, 512, "Installed updates, and whether a restart is waited for") \
	X(programs, 67, SYSTEM, SYSTEM | FULL, 20, 2 MB, 512, "Installed programs and their versions") \
	X(tasks, 68, SYSTEM, SYSTEM | FULL, 30, 4 MB, 512, "Scheduled tasks and how they ended") \
	X(crashes, 69, SYSTEM, SYSTEM | FULL, 40, 2 MB, 512, "Lists of crashes and error reports (not what is in them)") \
	X(certificates, 70, SYSTEM, SYSTEM | FULL, 20, 2 MB, 512, "Certificates: whose they are and until when (no keys)") \
	X(power, 71, SYSTEM, SYSTEM | FULL, 20, 1 MB, 512, "Power supply, battery and power plan") \
	X(time_service, 72, SYSTEM, SYSTEM | FULL, 20, 1 MB, 512, "Where this computer's time comes from") \
	X(policy, 73, SYSTEM, SYSTEM | FULL, 45, 2 MB, 512, "Group policies that reached this computer and you") \
	X(proxy, 74, NETWORK, NETWORK | FULL, 10, 1 MB, 512, "Proxy settings (no passwords)") \
	X(firewall, 75, NETWORK, NETWORK | FULL, 20, 1 MB, 512, "Firewall profiles") \
	X(wifi, 76, NETWORK, NETWORK | FULL, 15, 1 MB, 512, "Wi-Fi adapters and profiles (no keys)") \
	X(shares, 77, NETWORK, NETWORK | FULL, 20, 1 MB, 512, "Network shares that are offered and used")

/* Files as on Linux (agent/plat/win/files). */
#define OPERATION_MAP_WIN(X) \
	X(tail_files, 33, FILES, LIVE, 0, 512, "Follow files as they grow") \
	X(top, 35, METRICS, LIVE, 0, 512, "Watch the load: processors, memory, disks, network and programs") \
	X(eventlog_live, 36, LOGS, LIVE, 0, 512, "Follow the messages of the Windows event logs") \
	X(ls, 40, FILES, BULK, 120, 512, "List a folder") \
	X(stat, 41, FILES, BULK, 60, 512, "Look at the details of files") \
	X(find, 42, FILES, BULK, 600, 512, "Search for files") \
	X(get, 43, FILES, BULK, 0, 512, "Send files") \
	X(put, 44, PUT, INPUT, 0, 512, "Receive a file from the engineer")
/* clang-format on */

/* Neighbouring devices are not there: libssh is not among the libraries of the Windows programs. */
#define DEVICE_MAP_WIN(X)

#endif
