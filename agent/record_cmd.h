/* SPDX-License-Identifier: Apache-2.0
 *
 * assent-agent record [list | show ID | verify FILE]: the customer reads the record.
 */
#ifndef AS_AGENT_RECORD_CMD_H
#define AS_AGENT_RECORD_CMD_H

/* argv[0] is "record". Exit code: 0, 1 (not complete or changed; no such record), 2 (usage). */
int record_main(int argc, char **argv);

#endif
