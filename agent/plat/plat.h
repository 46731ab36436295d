/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything the agent asks of the operating system that libuv does not offer, once per
 * system: plat/linux and plat/win each define every function here. No #ifdef elsewhere.
 * All return 0 or a negative error.
 */
#ifndef AS_AGENT_PLAT_H
#define AS_AGENT_PLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- processes ---- */

/* The first call of every program: streams carry bytes as they are, and a reader that went away is
 * an error of the write. */
void plat_begin(void);

/* For programs that speak to the network: gives up every right that is not needed. Root becomes
 * "nobody" without groups; no new privileges, no core dump, no tracing by others of the same user,
 * death with the parent. Fails closed: a negative value means the program must exit. */
int plat_drop_rights(void);

/* For the process that holds the code and the decision: no core dump, no tracing by other
 * processes of the same user. Fails closed, as above. */
int plat_guard_secrets(void);

/* "linux", "windows" */
extern const char plat_os[];

/* True in a build with sanitizers, which is never shipped. */
extern const bool plat_is_sanitized;

/* For a process that runs a collector: own session and process group, no core dump, death with the
 * parent (children of tools included, as far as the system can), address space at most mem_mib,
 * processor time at most cpu_s (0: not limited). */
int plat_confine_collector(uint32_t mem_mib, uint32_t cpu_s);

/* For a process that asks for names and connects: of the file system only what the system itself
 * needs may be read, nothing written. Nothing happens where the kernel cannot do it. */
int plat_limit_to_system(void);

/* For a process that will read what somebody hostile sends: from here on it can use the descriptors
 * it has, memory and the clock. No file, no new socket, no program, no other process; it dies with
 * its parent. Fails closed; of the two locks (seccomp, Landlock) only the first must be there. */
int plat_lock_down(void);

/* Memory that is never swapped and never dumped; NULL when the system does not grant it. Wiped
 * before it is given back. */
void *plat_secret_new(size_t n);
void plat_secret_free(void *p, size_t n); /* NULL is fine */

/* Kills the whole process group of pid at once. 0 when it is gone already. */
int plat_kill_group(int pid);

/* The same for several, which takes no longer than for one. Numbers that name no group of ours are
 * passed over. */
void plat_kill_groups(const int *pids, size_t n);

/* All that a child process inherits, and the folder it starts in: a fixed one, that nobody can
 * change or wants to remove. */
extern char *plat_child_env[];
extern const char plat_child_folder[];

/* Starts a helper that strangers' bytes will reach, on systems that can take rights away only at
 * birth; pipe is its standard input. -ENOTSUP where plat_drop_rights() is enough: then it is
 * started like any other. The child ends with us, and when its pipe does. */
struct plat_child {
	int pid;
	int pipe_fd;   /* our end, for uv_pipe_open(); the taker's */
	void *process; /* the system's handle */
};
int plat_start_powerless(const char *path, const char *name, struct plat_child *out);
void plat_child_kill(const struct plat_child *c);
void plat_child_forget(struct plat_child *c);

/* Signals that take the session out of the customer's sight. */
extern const int plat_revoking_signals[];
extern const unsigned plat_revoking_signal_count;
#define PLAT_SIGNALS_MAX 5

/* Who sits at the terminal. tty is "" when there is none. */
struct plat_user {
	uint32_t uid;
	char name[65];
	char tty[65];
	char host[65];
};
int plat_user(struct plat_user *out);

/* Says something to the person who started us: on the terminal, or, when it was started with the
 * mouse and nobody sees one, in a window that waits until it is closed. */
void plat_say(const char *text, bool error);

/* ---- the network's settings ---- */

/* The proxy that this computer's settings name for its user: proxies and bypass in the words of
 * proto/route/system.h. -ENOTSUP: this system has no such settings; the environment has. */
struct plat_proxy {
	char proxies[1024], bypass[1024]; /* "": none */
	bool script;			  /* a script is set, which chooses for each address */
	bool detect;			  /* one may be looked for in the network */
};
int plat_system_proxy(struct plat_proxy *out);

/* The proxies that this script chooses for a URL, or with detect the one that the network offers;
 * "" when it says to go directly. Waits, for seconds. -ENOENT: there is no script. */
int plat_script_proxy(const char *url, bool detect, char *out, size_t cap);

/* The login of the person at this computer for the service HTTP at a host, token by token; scheme
 * is Negotiate or NTLM, n is 0 for the first one. *l is NULL before it. Bytes in out; -ENOTSUP,
 * -EACCES. */
struct plat_login;
int plat_login_step(struct plat_login **l, const char *scheme, const char *host, const uint8_t *in,
		    size_t n, uint8_t *out, size_t cap);
void plat_login_free(struct plat_login *l); /* NULL is fine */

/* ---- files ---- */

/* Where an administrator installs the configuration. */
const char *plat_config_path(void);

/* Owned by an administrator and not writable by anybody else (file and its folder)? */
bool plat_is_admins_file(const char *path);

/* Can every user of this computer read this file? */
bool plat_is_open_to_all(const char *path);

/* The certificates that this computer trusts for servers, as PEM: at most cap bytes. How
 * many bytes, or a negative error: -ENOENT when there is no such list, -E2BIG. */
int plat_system_trust(char *out, size_t cap);

bool plat_path_is_absolute(const char *path);
const char *plat_path_name(const char *path); /* what stands behind the last slash */

/* The program file to start for a helper: it lives beside us (../libexec/assent when installed,
 * ../libexec in the build tree), or is this very program, which tells by argv[0] what it is. So
 * argv[0] must be the helper's name. */
int plat_libexec(const char *program, char *out, size_t cap);

/* A file that was installed with the agent, below share/assent. */
int plat_data(const char *name, char *out, size_t cap);

/* Small text files of this user's own, mode 0600, never through a link: one more piece at the end,
 * or all of it anew in one step. */
int plat_private_append(const char *path, const char *text);
int plat_private_replace(const char *path, const char *text);

/* A regular file of at most max bytes; -EFBIG. No NUL is added. */
int plat_private_read(const char *path, size_t max, char *out, size_t *len);

/* Where the record lives: $XDG_STATE_HOME/assent, ~/.local/state/assent, root /var/lib/assent. Made
 * with mode 0700 when missing. */
int plat_state_dir(char *out, size_t cap);

/* A folder or file by its name without links, as it stands now; what does not exist yet keeps its
 * name below what does. path is absolute. -ENAMETOOLONG, -ETIMEDOUT when a file server does not
 * answer, or why it cannot be looked at. */
int plat_real_path(const char *path, unsigned limit_ms, char *out, size_t cap);

/* The same for a folder that exists and in which the user may make files. typed: absolute, or with
 * "~/" for the user's home in front. -EPERM for one in which programs look for their settings, or
 * the system for its own files. */
int plat_writable_folder(const char *typed, char *out, size_t cap);

/* What such a name looks like, for people. */
extern const char plat_folder_example[];

/* n bytes of an open file from offset `at` into a pipe or socket that is read by one of ours,
 * without copying them where the system can. How many there were; fewer with *why = -errno of the
 * file, or 0 when it is shorter. Negative: the reader is gone. */
int64_t plat_send_file(int to, int fd, uint64_t at, size_t n, int *why);

/* Lets a pipe hold more, if it may. */
void plat_widen_pipe(intptr_t pipe);
/* Bytes that wait in a pipe; negative where the system cannot tell, or cannot plat_move(). */
int64_t plat_pipe_holds(intptr_t pipe);
/* Up to n of the bytes that wait in a pipe into a stream socket, without waiting and without
 * copying them. How many, or -errno; what did not move is still in the pipe. */
int64_t plat_move(intptr_t pipe, intptr_t to, size_t n);
/* n bytes that wait in a pipe; -errno. */
int plat_pipe_read(intptr_t pipe, void *out, size_t n);

/* Up to n bytes from offset `at`. How many; 0 at the end; -errno. */
int64_t plat_read_file(int fd, uint64_t at, void *out, size_t n);

/* SHA-256 of the first n bytes of an open file. AS_EUNAVAIL when the system's library for it is not
 * there; AS_ESHORT when the file is shorter; or why it cannot be read. */
int plat_sha256_file(int fd, uint64_t n, uint8_t out[32]);

/* Files of the record: private to this user and not inherited by children. All return a
 * descriptor for read() and write() without any translation, or a negative error. */
int plat_file_new(const char *path);	 /* must not exist; what is written goes to its end */
int plat_file_private(const char *path); /* to read; -EACCES when others could read or write it */
int plat_file_read(const char *path, uint64_t *size); /* a regular file; never waits for one */
int plat_file_sync(int fd);			      /* on the disk when it returns */
int plat_file_cut(int fd, uint64_t size);
/* The draft gets its name at once and whole; -EEXIST when somebody was faster. */
int plat_file_publish(const char *draft, const char *path);
int plat_folder_new(const char *path); /* for this user alone; fine when it is there */
int plat_folder_sync(const char *path);

/* The names in a folder that keep() wants, sorted; their number or a negative error. At most max
 * (what comes last by name); each must be freed, and so must the list. */
int plat_folder_list(const char *path, bool (*keep)(const char *name), size_t max, char ***names);

/* Waits until a descriptor that does not block takes bytes again. */
void plat_wait_writable(int fd);

/* A pipe to one of ours that is written without ever waiting for it; from begin() on only so.
 * write(): how many bytes were taken, -EAGAIN, or another error when the reader is gone. wait():
 * until ms have passed (-1: without end), or, when it was full, until it takes bytes again. end():
 * when it returns 0, what was taken will reach the reader even if we end. */
int plat_outlet_begin(int fd);
int64_t plat_outlet_write(int fd, const void *p, size_t n);
void plat_outlet_wait(int fd, bool full, int ms);
int plat_outlet_end(int fd);

/* Numbers of this computer for the collectors are read by them, from files in /proc and /sys, or
 * from the system's libraries. */

#endif
