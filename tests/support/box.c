/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/box.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void must(bool holds, const char *what)
{
	if (!holds) {
		log_error("box", "%s: %s", what, strerror(errno));
		abort();
	}
}

/* ---- the folder ---- */

void box_open(struct box *b)
{
	const char *tmp = getenv("TMPDIR");
	char made[PATH_MAX], real[PATH_MAX];

	snprintf(made, sizeof made, "%s/assent-box-XXXXXX", tmp ? tmp : "/tmp");
	must(mkdtemp(made) != NULL && realpath(made, real) != NULL, "no folder");
	must(strlen(real) < sizeof b->path, "its name is too long");
	memcpy(b->path, real, strlen(real) + 1);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)at;
	if (kind == FTW_DNR) {
		chmod(path, 0700);
		return 0;
	}
	return kind == FTW_DP ? rmdir(path) : unlink(path);
}

void box_done(struct box *b)
{
	nftw(b->path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

const char *box_name(struct box *b, const char *name)
{
	int n = snprintf(b->name, sizeof b->name, "%s%s%s", b->path, name[0] ? "/" : "", name);

	must(n > 0 && (size_t)n < sizeof b->name, "a name is too long");
	return b->name;
}

void box_folder(struct box *b, const char *name)
{
	must(mkdir(box_name(b, name), 0755) == 0, name);
}

static void put(struct box *b, const char *name, int how, const void *p, size_t n)
{
	int fd = open(box_name(b, name), O_WRONLY | O_CLOEXEC | how, 0644);

	must(fd >= 0 && write(fd, p, n) == (ssize_t)n, name);
	close(fd);
}

void box_bytes(struct box *b, const char *name, const void *p, size_t n)
{
	put(b, name, O_CREAT | O_TRUNC, p, n);
}

void box_file(struct box *b, const char *name, const char *text)
{
	box_bytes(b, name, text, strlen(text));
}

void box_append(struct box *b, const char *name, const char *text)
{
	put(b, name, O_APPEND, text, strlen(text));
}

void box_link(struct box *b, const char *name, const char *target)
{
	must(symlink(target, box_name(b, name)) == 0, name);
}

/* ---- an operation ---- */

void box_args(struct box *b, uint32_t op_id, const char *root, const char *const paths[],
	      struct collect_args *out)
{
	*out = (struct collect_args){.magic = COLLECT_ARGS_MAGIC,
				     .size = sizeof *out,
				     .op_id = op_id,
				     .output_max = UINT64_MAX};
	box_name(b, root);
	must(strlen(b->name) < sizeof out->op.root, "a root is too long");
	snprintf(out->op.root, sizeof out->op.root, "%.*s", (int)sizeof out->op.root - 1, b->name);
	snprintf(out->real, sizeof out->real, "%.*s", (int)sizeof out->real - 1, b->name);
	for (size_t i = 0; paths && paths[i]; i++)
		snprintf(out->op.paths[out->op.paths_count++], OP_PATH_MAX + 1, "%s", paths[i]);
}

static void keep(char out[BOX_TEXT], const uint8_t *p, size_t n)
{
	if (n >= BOX_TEXT)
		n = BOX_TEXT - 1;
	if (n > 0)
		memcpy(out, p, n);
	out[n] = '\0';
}

static void on_other(const struct item *it, void *owner)
{
	struct took *t = owner;
	struct seen *s = &t->seen[t->count];

	if (t->count++ >= BOX_SEEN)
		return;
	s->it = *it;
	if (it->type == ITEM_LINE)
		keep(s->text, it->line.text, it->line.len);
	if (it->type == ITEM_ENTRY) {
		keep(s->text, it->entry.name, it->entry.name_len);
		keep(s->target, it->entry.target, it->entry.target_len);
		s->it.entry.name = (const uint8_t *)s->text;
		s->it.entry.target = (const uint8_t *)s->target;
	}
}

void box_run(const struct collect_args *args, struct took *out)
{
	const struct collector *c = collector_find(args->op_id);

	memset(out, 0, sizeof *out);
	must(c != NULL, "no such operation");
	capture_bare(&out->capture);
	out->capture.on_other = on_other;
	out->capture.owner = out;
	out->state = run_collector(c, args, out->capture.fd);
	capture_read(&out->capture);
}

void box_run_done(struct took *t)
{
	capture_done(&t->capture);
}

const struct item *took_entry(const struct took *t, const char *name)
{
	for (size_t i = 0; i < t->count && i < BOX_SEEN; i++) {
		const struct seen *s = &t->seen[i];

		if (s->it.type == ITEM_ENTRY && strcmp(s->text, name) == 0)
			return &s->it;
	}
	return NULL;
}

size_t took_count(const struct took *t, enum item_type type)
{
	size_t n = 0;

	for (size_t i = 0; i < t->count && i < BOX_SEEN; i++)
		n += t->seen[i].it.type == type;
	return n;
}

/* ---- another kernel ---- */

void box_without_openat2(int err)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)err),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = sizeof code / sizeof code[0], .filter = code};

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		 prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0,
	     "no filter");
}
