/* SPDX-License-Identifier: Apache-2.0
 *
 * The door to libssh. It is loaded when it is needed, so that a computer without it runs everything
 * else, and refused when it is too old to meet a hostile device (version.h).
 */
#ifndef AS_AGENT_SSH_API_H
#define AS_AGENT_SSH_API_H

#include <libssh/libssh.h>

/* clang-format off */
#define SSH_API_MAP(X)                                                                          \
	X(init) X(version) X(new) X(free) X(options_set) X(connect) X(disconnect)               \
	X(get_error) X(get_serverbanner) X(get_server_publickey) X(get_publickey_hash)          \
	X(clean_pubkey_hash) X(key_type) X(key_type_to_char) X(key_free) X(set_blocking)        \
	X(set_log_level) X(get_fd) X(get_poll_flags) X(set_agent_socket)                        \
	X(userauth_none) X(userauth_list) X(userauth_password) X(userauth_kbdint)               \
	X(userauth_kbdint_getinstruction) X(userauth_kbdint_getnprompts)                        \
	X(userauth_kbdint_getprompt) X(userauth_kbdint_setanswer) X(userauth_publickey)         \
	X(userauth_agent) X(pki_import_privkey_base64)                                          \
	X(channel_new) X(channel_free) X(channel_close) X(channel_open_session)                 \
	X(channel_request_exec) X(channel_request_pty_size) X(channel_request_shell)            \
	X(channel_read_nonblocking) X(channel_is_eof) X(channel_is_open)                        \
	X(channel_get_exit_status) X(channel_write)
/* clang-format on */

struct ssh_api {
#define X(name) __typeof__(ssh_##name) *name;
	SSH_API_MAP(X)
#undef X
};

/* AS_EUNAVAIL with one line in why: it is not installed, or too old. Call it while files can still
 * be read. */
#define SSH_API_WHY_MAX 200
int ssh_api_load(struct ssh_api *out, char why[SSH_API_WHY_MAX]);

#endif
