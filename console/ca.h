/* SPDX-License-Identifier: Apache-2.0
 *
 * `assent-console ca`: the certificate authority of a small organisation, one folder on one
 * computer. init makes it; relay, engineer, agent-config and agent-package make everything that is
 * given to others. Keys are readable by their owner alone and never overwritten.
 */
#ifndef AS_CONSOLE_CA_H
#define AS_CONSOLE_CA_H

/* argv[0] is "ca", then the command and its options. Returns the exit code. */
int ca_main(int argc, char **argv);

#endif
