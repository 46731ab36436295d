/* SPDX-License-Identifier: Apache-2.0
 *
 * `assent-console connect`: everything that can be checked is checked first, then one session
 * is run, by a script or by a person at a prompt.
 */
#ifndef AS_CONSOLE_CONNECT_H
#define AS_CONSOLE_CONNECT_H

/* argv[0] is "connect". Returns the exit code. */
int connect_main(int argc, char **argv);

#endif
