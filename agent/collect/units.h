/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AS_AGENT_COLLECT_UNITS_H
#define AS_AGENT_COLLECT_UNITS_H

#define UNIT_NAME_MAX 255
#define UNITS_SHOWN   10 /* failed units whose details are collected */

/* The next unit name of `systemctl list-units --plain --no-legend`: the first word of a line. Lines
 * without one (a name needs a dot and the letters of unit names) are skipped. Returns where to go
 * on, NULL at the end. Pure. */
const char *units_next(const char *text, char name[UNIT_NAME_MAX + 1]);

#endif
