/* SPDX-License-Identifier: Apache-2.0
 *
 * What an engineer wants to know first, on one screen: the sick machine in a dozen lines, then
 * what is missing. Everything printed comes from the agent and is cleaned on its way out.
 */
#ifndef AS_CONSOLE_SUMMARY_H
#define AS_CONSOLE_SUMMARY_H

#include <stdio.h>

#include "console/manifest.h"

#define SUMMARY_LIST_MAX 8 /* lines of one kind (full disks, failed services, ...) */

void summary_print(FILE *out, const struct manifest *m);

#endif
