/* SPDX-License-Identifier: Apache-2.0
 *
 * The conversation with one assent-collect-ssh: what it reports, what login.c makes of it, what it
 * is told. Nothing that it says is shown or kept before talk.c has found it clean.
 */
#include "agent/visit_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"

/* ---- to the helper ---- */

struct message {
	uv_write_t req;
	struct visit *v;
	uint8_t *secret; /* memory for secrets; wiped when it is written */
	size_t secret_len;
	uv_handle_t *passed; /* closed when it has left; the helper has its own */
	uint8_t header[TALK_HEADER];
	uint8_t bytes[];
};

static void let_go(uv_handle_t *h);

static void on_written(uv_write_t *req, int status)
{
	struct message *m = (struct message *)(void *)req;

	(void)status; /* a helper that is gone says so by its end */
	if (m->passed && !uv_is_closing(m->passed))
		uv_close(m->passed, let_go);
	plat_secret_free(m->secret, m->secret_len);
	free(m);
}

static void send_with(struct visit *v, enum talk_type type, const void *p, size_t n,
		      uint8_t *secret, uv_stream_t *passed)
{
	struct message *m = v->closing ? NULL : malloc(sizeof *m + (secret ? 0 : n));

	if (!m) {
		plat_secret_free(secret, n);
		return;
	}
	m->v = v;
	m->secret = secret;
	m->secret_len = n;
	m->passed = (uv_handle_t *)passed;
	talk_header(type, n, m->header);
	if (!secret && n > 0)
		memcpy(m->bytes, p, n);

	uv_buf_t bufs[] = {
	    uv_buf_init((char *)m->header, TALK_HEADER),
	    uv_buf_init((char *)(secret ? secret : m->bytes), (unsigned int)n),
	};
	if (uv_write2(&m->req, (uv_stream_t *)&v->pipe, bufs, n > 0 ? 2 : 1, passed, on_written) <
	    0)
		on_written(&m->req, UV_EPIPE);
}

void visit_send(struct visit *v, enum talk_type type, const void *p, size_t n)
{
	send_with(v, type, p, n, NULL, NULL);
}

static void send_note(struct visit *v, enum talk_type type, enum item_state state, const char *text)
{
	struct talk_note m = {.flag = (uint8_t)state};
	uint8_t bytes[1 + TALK_TEXT_MAX];

	snprintf(m.text, sizeof m.text, "%s", text);

	int n = talk_note_encode(&m, bytes, sizeof bytes);
	if (n > 0)
		visit_send(v, type, bytes, (size_t)n);
}

/* The copy that is sent is wiped when it has left; ours stays until we know that it worked. */
static void send_secret(struct visit *v)
{
	uint8_t *copy = v->secret ? plat_secret_new(v->secret_len) : NULL;

	if (!copy) {
		send_note(v, TALK_GIVE_UP, ITEM_FAILED, "no memory for secrets on this computer");
		return;
	}
	memcpy(copy, v->secret, v->secret_len);
	send_with(v, TALK_SECRET, NULL, v->secret_len, copy, NULL);
}

void visit_send_answer(struct visit *v, const char *line)
{
	const struct talk_secret answer = {
	    .kind = TALK_ANSWER, .text = (const uint8_t *)line, .text_len = strlen(line)};
	size_t size = talk_secret_size(&answer);
	uint8_t *copy = plat_secret_new(size);

	if (copy && talk_secret_encode(&answer, copy, size) > 0)
		send_with(v, TALK_SECRET, NULL, size, copy, NULL);
	else
		plat_secret_free(copy, size);
}

/* ---- the customer's ssh-agent: we knock, the helper gets the open connection ---- */

static void on_agent(uv_connect_t *req, int status)
{
	struct visit *v = req->data;
	const uint8_t kind[] = {TALK_AGENT, 0, 0};

	free(req);
	if (v->closing)
		return;
	if (status < 0) {
		uv_close((uv_handle_t *)&v->agent, let_go);
		send_note(v, TALK_GIVE_UP, ITEM_FAILED, "the customer's ssh-agent does not answer");
		return;
	}
	send_with(v, TALK_SECRET, kind, sizeof kind, NULL, (uv_stream_t *)&v->agent);
}

static void send_agent(struct visit *v)
{
	const char *path = getenv("SSH_AUTH_SOCK");
	uv_connect_t *req = path ? malloc(sizeof *req) : NULL;

	if (!req || v->agent.data || /* of the try before: it was closed when it had left */
	    uv_pipe_init(&v->b->loop, &v->agent, 0) < 0) {
		free(req);
		send_note(v, TALK_GIVE_UP, ITEM_FAILED, "the customer's ssh-agent does not answer");
		return;
	}
	v->agent.data = v;
	v->held++;
	req->data = v;
	uv_pipe_connect(req, &v->agent, path, on_agent);
}

/* ---- what comes next ---- */

static const struct {
	enum login_next why;
	enum item_state state;
	const char *text;
} ends[] = {
    {LOGIN_CHANGED, ITEM_DENIED, "the device's key is not the one that is known: not logged in"},
    {LOGIN_NO_KEYS, ITEM_FAILED, "the file of known devices cannot be used"},
    {LOGIN_NOT_TRUSTED, ITEM_DENIED, "the customer did not trust the device's key"},
    {LOGIN_SKIPPED, ITEM_DENIED, "the customer did not log in to this device"},
    {LOGIN_REFUSED, ITEM_FAILED, "the device refused the log-in three times"},
    {LOGIN_TOO_MUCH, ITEM_FAILED, "the log-in does not come to an end"},
    {LOGIN_BROKEN, ITEM_FAILED, "the device's helper does not do as it should"},
};

static void warn_changed(const struct visit *v)
{
	char shown[KNOWN_SHOWN];
	struct known k;

	ui_message(v->b->ui, "WARNING: %s, port %u, shows another key than before.", v->device.host,
		   v->device.port);
	ui_message(v->b->ui, "    now:     %s %s", v->key.type,
		   known_fingerprint(v->key.sha256, shown));
	if (known_find(v->b->visits.known, v->device.host, v->device.port, &k) > 0)
		ui_message(v->b->ui, "    before:  %s %s", k.type,
			   known_fingerprint(k.sha256, shown));
	ui_message(v->b->ui,
		   "Either the device is new or was set up anew, or somebody else answers "
		   "in its place. This program does not log in to it, and sent nothing.");
	ui_message(v->b->ui,
		   strchr(v->device.host, ':') /* a shell takes brackets for a pattern */
		       ? "If you are sure that it is right, end the session and run: "
			 "assent-agent device forget '[%s]:%u'"
		       : "If you are sure that it is right, end the session and run: "
			 "assent-agent device forget %s:%u",
		   v->device.host, v->device.port);
}

static void give_up(struct visit *v, enum login_next why)
{
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
		if (ends[i].why == why) {
			visit_note(v, ends[i].text);
			send_note(v, TALK_GIVE_UP, ends[i].state, ends[i].text);
		}
	if (why == LOGIN_CHANGED)
		warn_changed(v);
	else if (why == LOGIN_NO_KEYS)
		ui_message(v->b->ui, "The file %s cannot be used, so no device's key is trusted.",
			   v->b->visits.known);
	else if (why == LOGIN_REFUSED)
		ui_message(v->b->ui, "%s refused the log-in three times; it is left out.",
			   v->device.host);
	visit_forget_secret(v);
}

static void leave_place(struct visit *v);

static void call_when_free(struct broker *b)
{
	struct visits *vs = &b->visits;

	for (struct visit *v = vs->first; v && vs->connected < VISITS_AT_ONCE; v = v->next) {
		if (!v->wants_to_call || v->closing)
			continue;
		v->wants_to_call = false;
		v->connected = true;
		vs->connected++;
		login_on_go(&v->login);
		visit_send(v, TALK_GO, v->pinned, strlen(v->pinned));
	}
}

static void leave_place(struct visit *v)
{
	if (!v->connected)
		return;
	v->connected = false;
	v->b->visits.connected--;
	call_when_free(v->b);
}

/* Hang up while he thinks: the device has limits of its own. */
static void ask(struct visit *v, enum visit_question what)
{
	visit_send(v, TALK_LATER, NULL, 0);
	leave_place(v);
	visit_ask(v, what);
}

void visit_do(struct visit *v, enum login_next next)
{
	switch (next) {
	case LOGIN_NOTHING:
		break;
	case LOGIN_GO:
		v->wants_to_call = true;
		call_when_free(v->b);
		break;
	case LOGIN_ACCEPT:
		visit_send(v, TALK_ACCEPT, v->list, v->list_len);
		break;
	case LOGIN_SEND:
		if (v->by_agent)
			send_agent(v);
		else
			send_secret(v);
		break;
	case LOGIN_ASK_KEY:
		ask(v, VISIT_ASKS_KEY);
		break;
	case LOGIN_ASK_SECRET:
		ask(v, VISIT_ASKS_WAY);
		break;
	case LOGIN_ASK_PROMPT:
		visit_ask(v, VISIT_ASKS_PROMPT);
		break;
	default:
		give_up(v, next);
		leave_place(v);
	}
}

/* ---- from the helper ---- */

/* Into the record: whose key, and what became of it. */
void visit_note(struct visit *v, const char *what)
{
	char shown[KNOWN_SHOWN];
	bool has_key = v->key.type[0] != '\0';
	struct record_field f[] = {
	    {.name = "item", .number = v->stream},
	    {.name = "device", .text = v->target},
	    {.name = "what", .text = what},
	    {.name = "list", .text = v->type},
	    {.name = "key", .text = has_key ? known_fingerprint(v->key.sha256, shown) : ""},
	};

	broker_note(v->b, RECORD_DEVICE, f, has_key ? 5 : 4);
}

static enum login_key look_up(struct visit *v)
{
	struct known k;
	int found = known_find(v->b->visits.known, v->device.host, v->device.port, &k);

	if (found < 0)
		return LOGIN_KEY_UNKNOWN;
	if (found == 0)
		return LOGIN_KEY_NEW;
	snprintf(v->pinned, sizeof v->pinned, "%s", k.type);
	return strcmp(k.type, v->key.type) == 0 && memcmp(k.sha256, v->key.sha256, 32) == 0
		   ? LOGIN_KEY_SAME
		   : LOGIN_KEY_CHANGED;
}

static int on_key(struct visit *v, const struct talk_msg *m)
{
	if (talk_key_decode(m->payload, m->len, &v->key) < 0)
		return AS_E_PROTOCOL;
	if (!v->type[0])
		snprintf(v->type, sizeof v->type, "%s", visit_type_for(v->key.banner));
	if (v->list_len == 0 && visit_load(v->type, v->list, &v->list_len, &v->catalogue) < 0) {
		send_note(v, TALK_GIVE_UP, ITEM_UNAVAILABLE,
			  "no list of commands for this type of device is installed");
		return 0;
	}
	visit_do(v, login_on_key(&v->login, v->key.sha256, look_up(v)));
	return 0;
}

static int on_login(struct visit *v, const struct talk_msg *m)
{
	struct talk_note note;

	if (talk_note_decode(m->payload, m->len, &note) < 0)
		return AS_E_PROTOCOL;
	v->ways = note.flag & TALK_BY_ALL;
	visit_do(v, login_on_login(&v->login));
	return 0;
}

/* What it was that did not work, while we still know. */
static void say_refused(struct visit *v)
{
	const char *what = "that password";

	if (v->by_agent)
		what = "any key of your ssh-agent";
	else if (v->secret && v->secret[0] == TALK_PRIVATE_KEY)
		what = "that key, or its passphrase is another one";
	snprintf(v->hint, sizeof v->hint, "%.90s does not accept %s.", v->device.host, what);
}

static int on_refused(struct visit *v)
{
	visit_note(v, "log-in refused");
	say_refused(v);
	visit_forget_secret(v);
	visit_do(v, login_on_refused(&v->login));
	return 0;
}

static int on_prompt(struct visit *v, const struct talk_msg *m)
{
	struct talk_note note;

	if (talk_note_decode(m->payload, m->len, &note) < 0)
		return AS_E_PROTOCOL;
	v->echo = note.flag == 1;
	memcpy(v->words, note.text, sizeof v->words);
	visit_do(v, login_on_prompt(&v->login));
	return 0;
}

static int on_in(struct visit *v)
{
	visit_note(v, "logged in");
	visit_keep_for_same(v);
	visit_forget_secret(v);
	visit_do(v, login_on_in(&v->login));
	return 0;
}

static int on_over(struct visit *v, const struct talk_msg *m)
{
	struct talk_note note;

	if (v->over || talk_note_decode(m->payload, m->len, &note) < 0)
		return AS_E_PROTOCOL;
	v->over = true;
	v->login.state = LOGIN_OVER;
	leave_place(v);
	if (note.flag != ITEM_OK && note.flag != ITEM_DENIED && note.text[0])
		ui_message(v->b->ui, "%s: %s.", v->device.host, note.text);
	return 0;
}

/* When it is over nothing is on its way but the helper's own OVER, once. */
static int on_message(struct visit *v, const struct talk_msg *m)
{
	if (v->login.state == LOGIN_OVER && m->type != TALK_OVER)
		return AS_E_PROTOCOL;
	switch (m->type) {
	case TALK_KEY:
		return on_key(v, m);
	case TALK_LOGIN:
		return on_login(v, m);
	case TALK_PROMPT:
		return on_prompt(v, m);
	case TALK_REFUSED:
		return on_refused(v);
	case TALK_IN:
		return on_in(v);
	case TALK_OVER:
		return on_over(v, m);
	default:
		return AS_E_PROTOCOL;
	}
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct visit *v = h->data;

	(void)suggested;
	*buf = uv_buf_init((char *)v->in + v->in_len, (unsigned int)(sizeof v->in - v->in_len));
}

/* Whole messages; what is left of one stays. False when it cannot go on. */
static bool take_messages(struct visit *v)
{
	size_t at = 0;

	while (!v->closing) {
		struct talk_msg m;
		int n = talk_size(v->in + at, v->in_len - at);

		if (n < 0 || n > (int)sizeof v->in)
			return false;
		if (n == 0 || (size_t)n > v->in_len - at)
			break;
		if (talk_decode(v->in + at, (size_t)n, &m) < 0 || on_message(v, &m) < 0)
			return false;
		at += (size_t)n;
	}
	memmove(v->in, v->in + at, v->in_len - at);
	v->in_len -= at;
	return true;
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct visit *v = s->data;

	(void)buf;
	if (n <= 0) {
		if (n < 0)
			uv_read_stop(s); /* its process has ended, or will */
		return;
	}
	v->in_len += (size_t)n;
	if (take_messages(v))
		return;
	uv_read_stop(s); /* for ever: it cannot fill the screen or the record */
	v->login.state = LOGIN_OVER;
	visit_ask_end(v);
	visit_do(v, LOGIN_BROKEN);
}

/* ---- life ---- */

/* The type is the right's own; without one the engineer may choose among those that are installed,
 * and the customer sees it before he logs in. */
static const char *choose_type(const struct visit *v, const struct op_args *args)
{
	if (v->device.type[0])
		return v->device.type;
	return args->names_count > 0 && device_type_is_plain(args->names[0]) &&
		       strlen(args->names[0]) <= DEVICE_TYPE_MAX
		   ? args->names[0]
		   : "";
}

struct visit *visit_new(struct broker *b, uint32_t stream, const struct op_args *args)
{
	struct visit *v = calloc(1, sizeof *v);
	struct known k;

	if (!v || device_parse(args->root, &v->device) < 0 ||
	    uv_pipe_init(&b->loop, &v->pipe, 1) < 0) {
		free(v);
		return NULL;
	}
	v->b = b;
	v->stream = stream;
	v->held = 1;
	v->pipe.data = v;
	b->handles++;
	memcpy(v->target, args->root, sizeof v->target);
	snprintf(v->type, sizeof v->type, "%.*s", DEVICE_TYPE_MAX, choose_type(v, args));
	if (known_find(b->visits.known, v->device.host, v->device.port, &k) > 0)
		memcpy(v->pinned, k.type, sizeof v->pinned);
	login_init(&v->login);

	struct visit **at = &b->visits.first;
	while (*at)
		at = &(*at)->next;
	*at = v;
	return v;
}

uv_pipe_t *visit_pipe(struct visit *v)
{
	return &v->pipe;
}

int visit_start(struct visit *v)
{
	int err = uv_read_start((uv_stream_t *)&v->pipe, on_alloc, on_read);

	v->started = err == 0;
	if (err == 0)
		visit_do(v, LOGIN_GO);
	return err;
}

static void let_go(uv_handle_t *h)
{
	struct visit *v = h->data;

	h->data = NULL;
	if (--v->held > 0)
		return;
	broker_gone_one(v->b);
	free(v);
}

void visit_close(struct visit *v)
{
	if (!v || v->closing)
		return;
	visit_ask_end(v);
	v->closing = true;
	visit_forget_secret(v);
	leave_place(v);

	struct visit **at = &v->b->visits.first;
	while (*at != v)
		at = &(*at)->next;
	*at = v->next;
	if (v->agent.data && !uv_is_closing((uv_handle_t *)&v->agent))
		uv_close((uv_handle_t *)&v->agent, let_go);
	uv_close((uv_handle_t *)&v->pipe, let_go);
}

const char *visit_state(const struct visit *v)
{
	if (!v || v->login.state == LOGIN_RUNNING || v->login.state == LOGIN_OVER)
		return NULL;
	if (v->login.state == LOGIN_ASKING || v->login.prompting)
		return "waits for you";
	return v->wants_to_call ? "waits for its turn" : "connecting";
}

bool visit_waits(const struct visit *v)
{
	return v && (v->login.state == LOGIN_ASKING || v->login.prompting || v->wants_to_call);
}
