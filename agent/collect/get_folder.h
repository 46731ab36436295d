/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder as a tar archive that is made while it is sent. What cannot be read is left out, and
 * said; nothing of it makes the archive unreadable.
 */
#ifndef AS_AGENT_COLLECT_GET_FOLDER_H
#define AS_AGENT_COLLECT_GET_FOLDER_H

struct below;
struct sink;

/* Into the open file of the sink, which is ended. folder: opened; path: below the root. 0,
 * ITEM_PARTIAL, or what the sink says. */
int get_folder(struct sink *out, const struct below *root, const char *path, int folder);

#endif
