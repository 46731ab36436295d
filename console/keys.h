/* SPDX-License-Identifier: Apache-2.0
 *
 * The keyboard: standard input when it is a terminal. One reader at a time: the prompt, a live
 * view that waits for "q", or the full-screen view. There is one terminal, so this file keeps its
 * state in globals.
 *
 * Life: keys_open() -> keys_read() <-> keys_stop() ... -> keys_close() -> on_closed() exactly once.
 */
#ifndef AS_CONSOLE_KEYS_H
#define AS_CONSOLE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

/* UV_ENOTSUP when standard input is no terminal; nothing was taken then. */
int keys_open(uv_loop_t *loop);
bool keys_are_open(void);
uv_loop_t *keys_loop(void); /* while open */

/* on_readable: something can be read; failed: nothing ever will. The reader before has nothing more
 * to read. */
void keys_read(void (*on_readable)(bool failed, void *owner), void *owner);

/* The same for somebody who wants single keys, without their echo. Ctrl-C and Ctrl-Z mean what they
 * always do. on_key: -1 at the end of the input. */
void keys_read_single(void (*on_key)(int key, void *owner), void *owner);

/* Nobody reads; what is typed waits in the terminal, which is as it was. */
void keys_stop(void);

/* We were stopped with Ctrl-Z and go on: the shell has changed the terminal. */
void keys_continued(void);

/* Harmless when never opened; returns whether on_closed() will come. */
bool keys_close(void (*on_closed)(void *owner), void *owner);

#endif
