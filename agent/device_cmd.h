/* SPDX-License-Identifier: Apache-2.0
 *
 * assent-agent device [list | forget HOST:PORT]: the keys of other devices that the customer has
 * accepted. There is no command that accepts one: that is a question in a session.
 */
#ifndef AS_AGENT_DEVICE_CMD_H
#define AS_AGENT_DEVICE_CMD_H

/* argv[0] is "device". Exit code: 0, 1 (not there, or the file cannot be used), 2 (usage). */
int device_main(int argc, char **argv);

#endif
