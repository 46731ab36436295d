/* SPDX-License-Identifier: Apache-2.0
 *
 * What else one would use: ssh and scp through a jump host, rsync, compressors over ssh, and the
 * bare shape of our own traffic (tls_pair.c), directly and through nginx. All on loopback, with
 * keys and configurations made for this run, in the scene's folder.
 */
#ifndef AS_TESTS_RIVALS_H
#define AS_TESTS_RIVALS_H

#include <stdbool.h>

#include "tests/bench/scene.h"
#include "tests/bench/usage.h"
#include "tests/bench/wire.h"

struct rivals {
	struct scene *s;
	pid_t roots[USAGE_ROOTS_MAX]; /* their servers */
	int count;
	struct wire wires[2];
	int wire_count, target_port;
	bool has_ssh, has_nginx;
	char config[SCENE_PATH_MAX],
	    config_gcm[SCENE_PATH_MAX]; /* of ssh: default cipher, aes128-gcm */
	char cert[SCENE_PATH_MAX], key[SCENE_PATH_MAX];
	char nginx_conf[SCENE_PATH_MAX];
	int nginx_port;
};

/* delay_ms: on the wire to the jump host, and between it and the target. What is not installed is
 * missing, and said so. */
void rivals_open(struct rivals *r, struct scene *s, unsigned delay_ms);
void rivals_done(struct rivals *r);

/* A shell command line: $1 is ssh's configuration, $2 what to read, $3 what to write. */
int rivals_ssh(struct rivals *r, struct usage *u, const char *config, const char *command,
	       const char *from, const char *to);

/* One file through tls-pair; through nginx or directly. */
int rivals_tls_pair(struct rivals *r, struct usage *u, bool nginx, const char *from,
		    const char *to);

#endif
