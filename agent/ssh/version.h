/* SPDX-License-Identifier: Apache-2.0
 *
 * Which libssh may meet a hostile device. In October 2026 a row of faults in its client and parser
 * became known (CVE-2026-59843 to 59850, and 0964 to 0968 before them); fixed are the releases
 * 0.11.5 and 0.12.1, and distributions mended older ones without a new number. Those are known by
 * their package's version. Whoever is neither is refused: there is no way around it.
 */
#ifndef AS_AGENT_SSH_VERSION_H
#define AS_AGENT_SSH_VERSION_H

#include <stdbool.h>
#include <stddef.h>

#define VERSION_MAX 64

/* release: "0.10.6/openssl/zlib", as the library says it. */
bool version_is_fixed(const char *release);

/* package: "0.10.6-0+deb12u3"; NULL or "" when it is not known. */
bool version_is_mended(const char *release, const char *package);

/* The version of an installed package out of dpkg's status file. False when there is none. */
bool version_of_package(const char *status_path, const char *package, char out[VERSION_MAX]);

/* Debian's order of versions, without epochs: <0, 0, >0. */
int version_compare(const char *a, const char *b);

#endif
