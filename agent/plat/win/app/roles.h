/* SPDX-License-Identifier: Apache-2.0
 *
 * The main() of each program, under the name that the build gives it for Windows.
 */
#ifndef AS_AGENT_PLAT_WIN_ROLES_H
#define AS_AGENT_PLAT_WIN_ROLES_H

int agent_main(int argc, char **argv);
int net_main(int argc, char **argv);
int dial_main(int argc, char **argv);
int probe_main(int argc, char **argv);

#endif
