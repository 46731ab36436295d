/* SPDX-License-Identifier: Apache-2.0
 *
 * put LOCALFILE [NAME] [--into FOLDER]: a file of the engineer's into the folder that the customer
 * named when he agreed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/put.h"
#include "console/session_priv.h"
#include "console/words.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

#define LOCAL_MAX 4096

enum { OPT_INTO };
static const struct word_option options[] = {{"into", 0, true}};

struct put_words {
	const char *file, *name, *into; /* NULL: not said */
};

static int refuse(char *why, const char *what)
{
	snprintf(why, ASK_WHY_MAX, "%s", what);
	return AS_EBADMSG;
}

static int read_words(struct words *w, struct put_words *out, char *why)
{
	const char *value;
	int got;

	while ((got = words_next(w, &value, why)) != WORDS_END) {
		if (got == WORDS_BAD)
			return AS_EBADMSG;
		if (got == OPT_INTO)
			out->into = value;
		else if (!out->file)
			out->file = value;
		else if (!out->name)
			out->name = value;
		else
			return refuse(why, "put takes one file, and the name that it shall have");
	}
	return out->file ? 0 : refuse(why, "put needs a file of yours: put ~/fix.conf");
}

/* The folder is the customer's choice; only among several there is one to make. */
static int choose_folder(const struct session *s, const char *into, struct scope *out, char *why)
{
	size_t n = 0;

	for (size_t i = 0; i < s->agree.scopes_count; i++) {
		const struct scope *sc = &s->agree.scopes[i];

		if (sc->kind != SCOPE_PUT || (into && strcmp(into, sc->target) != 0))
			continue;
		*out = *sc;
		n++;
	}
	if (n == 1)
		return 0;
	if (n > 1)
		return refuse(why, "the customer has named several folders, which 'status' lists: "
				   "choose with --into FOLDER");
	if (into)
		return refuse(why, "--into: that is none of the folders which 'status' lists");
	return refuse(why, "the customer has not agreed to that; ask with: request put");
}

/* "~/x" as a shell has it. */
static int open_local(const char *file, struct put_wish *w, char *why)
{
	const char *home = file[0] == '~' && file[1] == '/' ? getenv("HOME") : NULL;
	char path[LOCAL_MAX], words[128];
	struct stat st;

	snprintf(path, sizeof path, "%s%s", home ? home : "", home ? file + 1 : file);
	w->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (w->fd < 0) {
		snprintf(why, ASK_WHY_MAX, "%.80s: %s", file,
			 err_text(-errno, words, sizeof words));
		return AS_EBADMSG;
	}
	if (fstat(w->fd, &st) == 0 && S_ISREG(st.st_mode)) {
		w->size = (uint64_t)st.st_size;
		return 0;
	}
	close(w->fd);
	snprintf(why, ASK_WHY_MAX, "%.80s: this is no file", file);
	return AS_EBADMSG;
}

static int set_name(const struct put_words *in, as_OpenArgs *args, char *why)
{
	const char *slash = strrchr(in->file, '/');
	const char *name = in->name ? in->name : slash ? slash + 1 : in->file;
	int n = text_unescape(name, args->paths[0].bytes, sizeof args->paths[0].bytes);

	if (n <= 0 || memchr(args->paths[0].bytes, '/', (size_t)n) ||
	    !msg_path_is_plain(args->paths[0].bytes, (size_t)n))
		return refuse(why, "the new file needs a plain name, without folders");
	args->paths_count = 1;
	args->paths[0].size = (pb_size_t)n;
	return 0;
}

int cmd_put(struct session *s, int argc, const char *const argv[])
{
	static struct asks asks; /* too big for a stack; copied by the job */
	static as_OpenArgs args;
	struct words w = {.argc = argc,
			  .argv = argv,
			  .options = options,
			  .options_count = sizeof options / sizeof options[0]};
	struct put_words words = {NULL, NULL, NULL};
	struct put_wish wish = {.line = s->line, .fd = -1};
	struct scope folder;
	char why[ASK_WHY_MAX];
	struct job *job;

	asks.count = 0;
	args = (as_OpenArgs){0};

	int err = read_words(&w, &words, why);
	if (err == 0)
		err = choose_folder(s, words.into, &folder, why);
	if (err == 0)
		err = set_name(&words, &args, why);
	if (err == 0)
		err = open_local(words.file, &wish, why);
	if (err == 0) {
		memcpy(args.root, folder.target, sizeof args.root);
		args.size_min = wish.size;
		err = ask_add(&asks, s, "put", &args, why);
	}
	if (err < 0) {
		if (wish.fd >= 0)
			close(wish.fd);
		return session_refuse(s, why);
	}
	wish.path = words.file;
	wish.ask = &asks.at[0];
	err = put_start(&s->jobs, &wish, &job);
	return err < 0 ? session_fault(s, err) : session_began(s, job);
}
