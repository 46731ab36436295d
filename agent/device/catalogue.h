/* SPDX-License-Identifier: Apache-2.0
 *
 * What may be run on one kind of device. A catalogue is a file that is installed with the agent
 * (catalogues/TYPE.conf, lines of ini.h in this order of meaning):
 *
 *   about = Cisco switches and routers         what the customer reads; first line
 *   banner = Cisco-*                           how the device's SSH server calls itself
 *   mode = exec | shell                        one channel per command, or a terminal
 *   prompt = #>                                shell: characters that a prompt may end with
 *   more = --More--                            shell: what a pager shows while it waits
 *   refused = % Invalid input*                 a first line that means "I do not know this"
 *   setup = terminal length 0                  shell: typed first; its output is dropped
 *   command = show version                     then, one after the other, what is run
 *   time = 30                                  of the command above, in seconds
 *   size = 512                                 of the command above, in KiB
 *   group = config                             the commands below show secrets
 *
 * Nothing in it comes from the engineer, and nothing of the engineer's is ever put into a command.
 * The parser is pure, and strict: a file with one line that it does not know is not used at all.
 */
#ifndef AS_AGENT_DEVICE_CATALOGUE_H
#define AS_AGENT_DEVICE_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CATALOGUE_TEXT_MAX     16384 /* of a file */
#define CATALOGUE_COMMANDS_MAX 64
#define CATALOGUE_COMMAND_LEN  160
#define CATALOGUE_WORDS_MAX    8 /* of each other kind */
#define CATALOGUE_WORD_LEN     64
#define CATALOGUE_ABOUT_LEN    64

#define CATALOGUE_TIME_S     20 /* when nothing is said */
#define CATALOGUE_TIME_MAX_S 300
#define CATALOGUE_SIZE_KIB   1024
#define CATALOGUE_SIZE_MAX   16384

/* Those that come with the agent, in the order in which a device is compared with them. */
#define CATALOGUE_MAP(X) \
	X("cisco-ios")   \
	X("routeros")    \
	X("junos")       \
	X("openwrt")     \
	X("linux")       \
	X("generic") /* fits everything */

struct catalogue_words {
	char at[CATALOGUE_WORDS_MAX][CATALOGUE_WORD_LEN + 1];
	size_t count;
};

struct catalogue_command {
	char text[CATALOGUE_COMMAND_LEN + 1];
	uint32_t time_s, size_kib;
	bool config; /* its output contains secrets */
};

struct catalogue {
	char about[CATALOGUE_ABOUT_LEN + 1];
	bool shell;
	char prompt[CATALOGUE_WORD_LEN + 1];
	struct catalogue_words banner, more, refused, setup;
	struct catalogue_command commands[CATALOGUE_COMMANDS_MAX];
	size_t count;
};

/* AS_EBADMSG with *line (from 1) where it happened, 0 for what is missing; AS_E_TOO_BIG. *out is
 * untouched then. */
int catalogue_parse(const char *text, size_t n, struct catalogue *out, int *line);

/* Is this how such a device calls itself? banner: "Cisco-1.25", any text. */
bool catalogue_fits(const struct catalogue *c, const char *banner);

/* How many commands run, with those that show secrets or without. */
size_t catalogue_size(const struct catalogue *c, bool config);

/* Is the first line of an output one that means "I do not know this command"? */
bool catalogue_refused(const struct catalogue *c, const char *line);

#endif
