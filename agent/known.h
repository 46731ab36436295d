/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys of neighbouring devices that the customer has accepted: one line for each host and port
 * in a file of his own (known_devices in the state folder, mode 0600),
 *
 *   [HOST]:PORT = TYPE SHA256
 *
 * A key that is there is never replaced by answering a question: who expects a new one removes the
 * old one by hand, with `assent-agent device forget HOST:PORT`.
 */
#ifndef AS_AGENT_KNOWN_H
#define AS_AGENT_KNOWN_H

#include "agent/device/talk.h"
#include "proto/wire/device.h"

#define KNOWN_FILE  "known_devices"
#define KNOWN_NAME  (DEVICE_HOST_MAX + 16)
#define KNOWN_SHOWN 52 /* "SHA256:" and base64 without padding, as ssh shows it */

struct known {
	char name[KNOWN_NAME]; /* [HOST]:PORT */
	char type[TALK_KEY_MAX + 1];
	uint8_t sha256[32];
};

const char *known_name(const char *host, uint16_t port, char out[KNOWN_NAME]);

/* 1 and *out, 0 when there is none, or negative: the file cannot be read, or is not ours any more,
 * and then nothing in it may be trusted. */
int known_find(const char *path, const char *host, uint16_t port, struct known *out);

int known_add(const char *path, const struct known *k);

/* Every one, in the order of the file. */
typedef int (*known_entry)(const struct known *k, void *arg);
int known_each(const char *path, known_entry on_entry, void *arg);

/* 1: it was there and is gone. 0: it was not there. */
int known_forget(const char *path, const char *host, uint16_t port);

/* "SHA256:...", what other SSH programs show for the same key. Returns out. */
const char *known_fingerprint(const uint8_t sha256[32], char out[KNOWN_SHOWN]);

#endif
