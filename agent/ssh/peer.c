/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ssh/peer.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/sink_life.h"
#include "agent/ssh/words.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

#define TURN_MS 50 /* the library may hold bytes that its socket does not show */

/* What is offered, the best first. The second half only where the customer was told so. */
#define HOST_KEYS                                                                               \
	"ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512," \
	"rsa-sha2-256"
#define HOST_KEYS_OLD ",ssh-rsa"
#define KEX                                                                    \
	"curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,"   \
	"ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group18-sha512," \
	"diffie-hellman-group16-sha512,diffie-hellman-group-exchange-sha256,"  \
	"diffie-hellman-group14-sha256"
#define KEX_OLD                                                            \
	",diffie-hellman-group14-sha1,diffie-hellman-group-exchange-sha1," \
	"diffie-hellman-group1-sha1"
#define CIPHERS                                                                                   \
	"chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr," \
	"aes192-ctr,aes128-ctr"
#define CIPHERS_OLD ",aes256-cbc,aes192-cbc,aes128-cbc,3des-cbc"
#define MACS                                                                         \
	"hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256," \
	"hmac-sha2-512,hmac-sha1-etm@openssh.com,hmac-sha1"

/* ---- how it ends ---- */

int peer_fail(struct peer *p, enum item_state state, const char *why)
{
	p->state = state;
	snprintf(p->why, sizeof p->why, "%s", why);
	return AS_E_OP_FAILED;
}

int peer_fail_ssh(struct peer *p)
{
	struct words w;

	words_of_error(p->ssh->get_error(p->session), p->device.legacy, &w);
	if (w.theirs[0]) {
		sink_note(p->sink, "%s", w.theirs);
		sink_note(p->sink, "%s", w.ours);
	}
	p->lost = true;
	return peer_fail(p, ITEM_FAILED, w.why);
}

int peer_obey(struct peer *p, const struct talk_msg *m)
{
	struct talk_note note;

	if (m->type == TALK_LATER)
		return PEER_AGAIN;
	if (m->type != TALK_GIVE_UP || talk_note_decode(m->payload, m->len, &note) < 0 ||
	    note.flag > ITEM_UNAVAILABLE)
		return AS_E_PROTOCOL;
	return peer_fail(p, (enum item_state)note.flag, note.text);
}

int peer_wait(struct peer *p, uint64_t until_ms)
{
	uint64_t now = clock_mono_ms();
	struct pollfd s = {.fd = p->ssh->get_fd(p->session), .events = POLLIN};

	if (now >= until_ms)
		return AS_E_TIMEOUT;
	if (p->ssh->get_poll_flags(p->session) & SSH_WRITE_PENDING)
		s.events |= POLLOUT;
	poll(&s, 1, until_ms - now < TURN_MS ? (int)(until_ms - now) : TURN_MS);
	return 0;
}

/* ---- key exchange ---- */

/* The type that is known comes first: a device has several keys, and one is enough. */
static void host_keys(const struct peer *p, char *out, size_t cap)
{
	const char *all = p->device.legacy ? HOST_KEYS HOST_KEYS_OLD : HOST_KEYS;
	const char *first =
	    strcmp(p->known, "ssh-rsa") == 0 ? "rsa-sha2-512,rsa-sha2-256" : p->known;

	if (p->known[0] && (strstr(HOST_KEYS, first)))
		snprintf(out, cap, "%s,%s", first, all);
	else
		snprintf(out, cap, "%s", all);
}

static bool set(struct peer *p, enum ssh_options_e option, const char *value)
{
	return p->ssh->options_set(p->session, option, value) == SSH_OK;
}

static bool set_options(struct peer *p, int fd)
{
	bool old = p->device.legacy;
	unsigned port = p->device.port;
	uint64_t rekey = UINT64_C(1) << 30;
	char keys[512];
	int off = 0, none = SSH_LOG_NOLOG;

	host_keys(p, keys, sizeof keys);
	return p->ssh->options_set(p->session, SSH_OPTIONS_PROCESS_CONFIG, &off) == SSH_OK &&
	       p->ssh->options_set(p->session, SSH_OPTIONS_LOG_VERBOSITY, &none) == SSH_OK &&
	       set(p, SSH_OPTIONS_SSH_DIR, "/nonexistent") &&
	       set(p, SSH_OPTIONS_HOST, p->device.host) &&
	       set(p, SSH_OPTIONS_USER, p->device.user) &&
	       p->ssh->options_set(p->session, SSH_OPTIONS_PORT, &port) == SSH_OK &&
	       p->ssh->options_set(p->session, SSH_OPTIONS_FD, &fd) == SSH_OK &&
	       p->ssh->options_set(p->session, SSH_OPTIONS_REKEY_DATA, &rekey) == SSH_OK &&
	       set(p, SSH_OPTIONS_KNOWNHOSTS, "/dev/null") &&
	       set(p, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null") &&
	       set(p, SSH_OPTIONS_HOSTKEYS, keys) &&
	       set(p, SSH_OPTIONS_KEY_EXCHANGE, old ? KEX KEX_OLD : KEX) &&
	       set(p, SSH_OPTIONS_CIPHERS_C_S, old ? CIPHERS CIPHERS_OLD : CIPHERS) &&
	       set(p, SSH_OPTIONS_CIPHERS_S_C, old ? CIPHERS CIPHERS_OLD : CIPHERS) &&
	       set(p, SSH_OPTIONS_HMAC_C_S, MACS) && set(p, SSH_OPTIONS_HMAC_S_C, MACS) &&
	       set(p, SSH_OPTIONS_COMPRESSION, "no");
}

static int exchange_keys(struct peer *p)
{
	uint64_t until = clock_mono_ms() + PEER_KEY_MS;
	int rc;

	while ((rc = p->ssh->connect(p->session)) == SSH_AGAIN)
		if (peer_wait(p, until) < 0)
			return peer_fail(
			    p, ITEM_FAILED,
			    "the device accepted the connection, and nothing came of it");
	return rc == SSH_OK ? 0 : peer_fail_ssh(p);
}

static int read_key(struct peer *p, struct talk_key *out)
{
	const char *banner = p->ssh->get_serverbanner(p->session);
	unsigned char *hash = NULL;
	ssh_key key = NULL;
	size_t n = 0;
	int err = 0;

	*out = (struct talk_key){0};
	if (p->ssh->get_server_publickey(p->session, &key) != SSH_OK ||
	    p->ssh->get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &n) != 0 ||
	    n != sizeof out->sha256)
		err = peer_fail(p, ITEM_FAILED, "the device's key cannot be read");
	if (err == 0) {
		const char *type = p->ssh->key_type_to_char(p->ssh->key_type(key));

		memcpy(out->sha256, hash, n);
		snprintf(out->type, sizeof out->type, "%s", type ? type : "unknown");
	}
	if (banner && strncmp(banner, "SSH-", 4) == 0 && strchr(banner + 4, '-'))
		banner = strchr(banner + 4, '-') + 1;
	banner = banner ? banner : "";
	text_line(banner, strlen(banner), out->banner, sizeof out->banner);
	if (hash)
		p->ssh->clean_pubkey_hash(&hash);
	p->ssh->key_free(key);
	return err;
}

/* ACCEPT is the catalogue's text. */
static int take_catalogue(struct peer *p, const struct talk_msg *m)
{
	int line;

	if (m->type != TALK_ACCEPT)
		return peer_obey(p, m);
	if (catalogue_parse((const char *)m->payload, m->len, &p->catalogue, &line) < 0)
		return AS_E_PROTOCOL;
	return 0;
}

/* Is it trusted, and what is to be run? */
static int show_key(struct peer *p)
{
	struct talk_key key;
	struct talk_msg m;
	uint8_t bytes[sizeof key + 8];
	int err = read_key(p, &key);

	if (err < 0)
		return err;

	int n = talk_key_encode(&key, bytes, sizeof bytes);
	err = n < 0 ? n : speak_send(p->talk, TALK_KEY, bytes, (size_t)n);
	if (err == 0)
		err = speak_hear(p->talk, &m);
	if (err == 0)
		err = take_catalogue(p, &m);
	return err;
}

/* ---- a file of the bundle ---- */

int output_begin(struct output *o, struct peer *p, const struct catalogue_command *c)
{
	char name[ITEM_NAME_MAX + 1], source[ITEM_SOURCE_MAX + 1];
	size_t n = (size_t)snprintf(name, sizeof name, "%s/", p->folder);

	*o = (struct output){.p = p,
			     .command = c,
			     .until_ms = clock_mono_ms() + c->time_s * UINT64_C(1000),
			     .stalled_ms = sink_stalled_ms(p->sink)};
	/* as sos names the output of commands: what is no letter is one '_' */
	for (const char *at = c->text; *at && n + 1 < sizeof name; at++) {
		bool keep =
		    strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", *at);

		if (keep)
			name[n++] = *at;
		else if (name[n - 1] != '_' && name[n - 1] != '/')
			name[n++] = '_';
	}
	name[n] = '\0';
	snprintf(source, sizeof source, "%s@%s: %s", p->device.user, p->device.host, c->text);
	return sink_file_begin(p->sink, name, ITEM_FROM_COMMAND, source);
}

uint64_t output_until(struct output *o)
{
	uint64_t stalled = sink_stalled_ms(o->p->sink);

	o->until_ms += stalled - o->stalled_ms;
	o->stalled_ms = stalled;
	return o->until_ms;
}

int output_write(struct output *o, const void *bytes, size_t n)
{
	uint64_t left = o->command->size_kib * UINT64_C(1024) - o->bytes;
	size_t head = sizeof o->head - 1 - o->head_len;

	if (n > left) {
		o->full = true;
		n = (size_t)left;
	}
	head = head < n ? head : n;
	memcpy(o->head + o->head_len, bytes, head);
	o->head_len += head;
	o->bytes += n;
	return n > 0 ? sink_write(o->p->sink, bytes, n) : 0;
}

/* A device's "I do not know this" stands in one of its first lines. */
static bool is_refused(const struct output *o)
{
	char line[sizeof o->head];
	const char *at = o->head;

	for (int i = 0; i < 4 && *at; i++) {
		size_t n = strcspn(at, "\n");

		text_line(at, n, line, sizeof line);
		size_t blanks = strspn(line, " ?");
		size_t end = strlen(line);
		while (end > blanks && strchr(" ?", line[end - 1]))
			line[--end] = '\0';
		if (catalogue_refused(&o->p->catalogue, line + blanks))
			return true;
		at += n + (at[n] == '\n');
	}
	return false;
}

int output_end(struct output *o, enum item_state state, const char *why)
{
	char text[TEXT_SIZE_MAX], cut[ITEM_WHY_MAX + 1];
	uint64_t max = o->command->size_kib * UINT64_C(1024);

	if (o->full) {
		snprintf(cut, sizeof cut, "cut: this command may send %s", text_size(max, text));
		return sink_file_end(o->p->sink, ITEM_PARTIAL, true, cut);
	}
	if ((state == ITEM_OK || state == ITEM_UNAVAILABLE) && is_refused(o))
		return sink_file_end(o->p->sink, ITEM_UNAVAILABLE, false,
				     "the device does not know this command");
	return sink_file_end(o->p->sink, state, false, why);
}

/* ---- the whole ---- */

static int talk_with_device(struct peer *p)
{
	int err = exchange_keys(p);

	if (err == 0)
		err = show_key(p);
	if (err == 0)
		err = login(p);
	if (err != 0)
		return err;
	sink_note(p->sink, "logged in; the server calls itself %s",
		  p->ssh->get_serverbanner(p->session));
	p->until_ms = clock_mono_ms() + PEER_ALL_MS;
	return p->catalogue.shell ? shell_run(p) : commands_run(p);
}

/* Says how it ended, to the engineer and to the customer. */
static int end(struct peer *p, int err)
{
	if (err == PEER_AGAIN) /* all that the engineer learns of it */
		return sink_note(p->sink, "waiting for the customer") < 0 ? PEER_BROKEN
									  : PEER_AGAIN;
	if (err < 0 && err != AS_E_OP_FAILED)
		return PEER_BROKEN;
	err = sink_finish(p->sink, p->state, p->why);
	if (err == 0)
		err = speak_note(p->talk, TALK_OVER, sink_said(p->sink), p->why);
	return err < 0 ? PEER_BROKEN : (int)sink_said(p->sink);
}

int peer_run(struct peer *p, int fd)
{
	p->session = p->ssh->new ();
	if (!p->session)
		return PEER_BROKEN;
	p->ssh->set_blocking(p->session, 0);

	int err = set_options(p, fd) ? talk_with_device(p)
				     : peer_fail(p, ITEM_FAILED, "libssh does not know an option");
	int code = end(p, err);

	p->ssh->disconnect(p->session);
	p->ssh->free(p->session);
	return code;
}
