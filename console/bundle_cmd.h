/* SPDX-License-Identifier: Apache-2.0
 *
 * `assent-console bundle show | pack | verify PATH`.
 */
#ifndef AS_CONSOLE_BUNDLE_CMD_H
#define AS_CONSOLE_BUNDLE_CMD_H

/* argv[0] is "bundle", then the command and the path. Returns the exit code: 0, 1 when the bundle
 * is not what its manifest says or cannot be read, 2 usage. */
int bundle_main(int argc, char **argv);

#endif
