/* SPDX-License-Identifier: Apache-2.0
 *
 * The three commands behind `assent-console bundle`, one per file. Each returns the exit code
 * and says on stderr, in one line, why it is not 0.
 */
#ifndef AS_CONSOLE_BUNDLE_CMD_PRIV_H
#define AS_CONSOLE_BUNDLE_CMD_PRIV_H

int bundle_cmd_show(const char *path);
int bundle_cmd_pack(const char *path);
int bundle_cmd_verify(const char *path);

/* "assent-console: bundle: PATH: WHY". Returns 1. */
int bundle_cmd_fail(const char *path, const char *why);

#endif
