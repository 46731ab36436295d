/* SPDX-License-Identifier: Apache-2.0
 *
 * The questions that a visit puts to the customer, one at a time in the order in which they came
 * up, and what he may answer. Every word is ours but what stands in quotes.
 */
#include "agent/visit_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/base/secret.h"

#define KEY_FILE_MAX (TALK_SECRET_MAX - TALK_PASS_MAX - 8)

/* ---- what was typed ---- */

static void free_secret(uint8_t **p, size_t *n)
{
	plat_secret_free(*p, *n);
	*p = NULL;
	*n = 0;
}

void visit_forget_secret(struct visit *v)
{
	free_secret(&v->secret, &v->secret_len);
	v->by_agent = false;
}

/* It worked here: the customer may say "same" for the next device. */
void visit_keep_for_same(struct visit *v)
{
	struct visits *vs = &v->b->visits;

	if (!v->secret)
		return;
	free_secret(&vs->same, &vs->same_len);
	vs->same = v->secret;
	vs->same_len = v->secret_len;
	v->secret = NULL;
	v->secret_len = 0;
	snprintf(vs->same_for, sizeof vs->same_for, "%s@%s", v->device.user, v->device.host);
}

static int keep_secret(struct visit *v, const struct talk_secret *s)
{
	size_t size = talk_secret_size(s);

	visit_forget_secret(v);
	if (size > TALK_SECRET_MAX || s->pass_len > TALK_PASS_MAX)
		return AS_E_TOO_BIG;
	v->secret = plat_secret_new(size);
	v->secret_len = size;

	int n = v->secret ? talk_secret_encode(s, v->secret, size) : AS_E_INTERNAL;
	if (n < 0)
		visit_forget_secret(v);
	return n < 0 ? n : 0;
}

/* ---- words ---- */

struct words {
	char text[UI_QUESTION_MAX], line[UI_QUESTION_MAX / 4];
	size_t n;
	bool hidden;
};

static void add(struct words *w, const char *fmt, ...) AS_PRINTF(2, 3);
static void add(struct words *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(w->text + w->n, sizeof w->text - w->n, fmt, ap);
	va_end(ap);
	w->n += n > 0 ? (size_t)n : 0;
	if (w->n >= sizeof w->text)
		w->n = sizeof w->text - 1;
}

/* Other people's words stand in double quotes, so they have none. */
static const char *unquoted(const char *in, char *out, size_t cap)
{
	snprintf(out, cap, "%s", in);
	for (char *at = out; *at; at++)
		if (*at == '"')
			*at = '\'';
	return out;
}

static void say_key(const struct visit *v, struct words *w)
{
	char shown[KNOWN_SHOWN], banner[TALK_BANNER_MAX + 1];

	add(w, "Nobody has logged in to %s, port %u, from here with this program before.\n",
	    v->device.host, v->device.port);
	add(w, "It shows this key (%s):\n    %s\n", v->key.type,
	    known_fingerprint(v->key.sha256, shown));
	add(w, "It calls itself \"%s\".\n", unquoted(v->key.banner, banner, sizeof banner));
	add(w,
	    "Compare the key with the device's own, or ask who looks after it. If it is not the\n"
	    "right one, somebody else may be answering and would read your password.\n");
	snprintf(w->line, sizeof w->line, "Type trust or skip: ");
}

static void say_ways(const struct visit *v, struct words *w)
{
	const struct visits *vs = &v->b->visits;
	bool password = v->ways & (TALK_BY_PASSWORD | TALK_BY_ANSWERS);

	add(w, "How shall this program log in to %s, port %u, as \"%s\"? (try %u of %u)\n",
	    v->device.host, v->device.port, v->device.user, v->login.tries + 1, LOGIN_TRIES_MAX);
	add(w, "%zu commands of the list %s will be run; to read it, type list.\n",
	    catalogue_size(&v->catalogue, v->device.config), v->type);
	if (password)
		add(w, "    Enter      to type the password, which is not shown and not kept\n");
	if (v->ways & TALK_BY_KEY)
		add(w, "    key FILE   to use a private key of yours, such as key "
		       "~/.ssh/id_ed25519\n");
	if (v->ways & TALK_BY_KEY && getenv("SSH_AUTH_SOCK"))
		add(w, "    agent      to use the keys in your ssh-agent\n");
	if (vs->same)
		add(w, "    same       to use what worked for %s\n", vs->same_for);
	add(w, "    skip       not to log in to this device\n");
	snprintf(w->line, sizeof w->line, "Type one of these: ");
}

static void say_prompt(const struct visit *v, struct words *w)
{
	char words[TALK_TEXT_MAX + 1];

	add(w, "The device %s asks \"%s\"\n", v->device.host,
	    unquoted(v->words, words, sizeof words));
	add(w, "This question is the device's own. Only an empty answer skips the device.\n");
	snprintf(w->line, sizeof w->line, "Your answer%s: ", v->echo ? "" : " (not shown)");
	w->hidden = !v->echo;
}

static void show(struct visit *v)
{
	struct words w = {.n = 0};

	add(&w, "\n%s%s", v->hint, v->hint[0] ? "\n" : "");
	v->hint[0] = '\0';
	switch (v->asks) {
	case VISIT_ASKS_KEY:
		say_key(v, &w);
		break;
	case VISIT_ASKS_WAY:
		say_ways(v, &w);
		break;
	case VISIT_ASKS_PASSWORD:
		snprintf(w.line, sizeof w.line, "Password of %s@%s (not shown): ", v->device.user,
			 v->device.host);
		w.hidden = true;
		break;
	case VISIT_ASKS_PASSPHRASE:
		snprintf(w.line, sizeof w.line,
			 "Passphrase of that key (not shown; Enter for none): ");
		w.hidden = true;
		break;
	case VISIT_ASKS_PROMPT:
		say_prompt(v, &w);
		break;
	case VISIT_ASKS_NOTHING:
		return;
	}
	ui_ask(v->b->ui,
	       &(struct ui_question){.text = w.text, .answer_line = w.line, .hidden = w.hidden});
}

/* ---- whose turn ---- */

static void on_limit(uv_timer_t *t);

static void ask_next(struct broker *b)
{
	struct visits *vs = &b->visits;
	struct visit *next = NULL;

	if (vs->asked || b->closing)
		return;
	for (struct visit *v = vs->first; v; v = v->next)
		if (v->asks != VISIT_ASKS_NOTHING && (!next || v->asks_since < next->asks_since))
			next = v;
	if (!next)
		return;
	vs->asked = next;
	uv_timer_start(&vs->limit, on_limit, VISIT_QUESTION_MS, 0);
	show(next);
}

/* A question that follows from the customer's answer comes before those of other devices. */
void visit_ask(struct visit *v, enum visit_question what)
{
	struct visits *vs = &v->b->visits;

	v->asks = what;
	if (v->asks_since == 0)
		v->asks_since = ++vs->questions;
	if (vs->asked == v) {
		uv_timer_again(&vs->limit);
		show(v);
	} else {
		ask_next(v->b);
	}
}

static void turn_over(struct visit *v)
{
	struct visits *vs = &v->b->visits;

	v->asks = VISIT_ASKS_NOTHING;
	v->asks_since = 0;
	if (vs->asked != v)
		return;
	vs->asked = NULL;
	uv_timer_stop(&vs->limit);
}

void visit_ask_end(struct visit *v)
{
	bool open = v->b->visits.asked == v;

	turn_over(v);
	if (open && v->b->ui)
		ui_ask_end(v->b->ui);
	ask_next(v->b);
}

/* ---- answers ---- */

static void ask_again(struct visit *v, const char *hint)
{
	snprintf(v->hint, sizeof v->hint, "%s", hint);
	visit_ask(v, v->asks);
}

static void done(struct visit *v, enum login_next next)
{
	struct broker *b = v->b;

	turn_over(v);
	visit_do(v, next);
	ask_next(b);
}

static void take_secret(struct visit *v, const struct talk_secret *s)
{
	if (keep_secret(v, s) < 0)
		ask_again(v,
			  "There is no safe memory for that on this computer, or it is too long.");
	else
		done(v, login_on_secret(&v->login, true));
}

static void take_text(struct visit *v, enum talk_secret_kind kind, const char *line)
{
	take_secret(v, &(struct talk_secret){
			   .kind = kind, .text = (const uint8_t *)line, .text_len = strlen(line)});
}

static bool is_word(const char *line, const char *word)
{
	size_t n = strlen(word);

	line += strspn(line, " \t");
	return strncasecmp(line, word, n) == 0 && line[n + strspn(line + n, " \t")] == '\0';
}

static void answer_key(struct visit *v, const char *line)
{
	if (is_word(line, "trust")) {
		struct known k = {0};

		known_name(v->device.host, v->device.port, k.name);
		memcpy(k.type, v->key.type, sizeof k.type);
		memcpy(k.sha256, v->key.sha256, sizeof k.sha256);
		visit_note(v, "key trusted");
		if (known_add(v->b->visits.known, &k) < 0)
			ui_message(v->b->ui, "The key could not be kept: you will be asked again.");
		done(v, login_on_trust(&v->login, true));
	} else if (is_word(line, "skip")) {
		done(v, login_on_trust(&v->login, false));
	} else {
		ask_again(v, "Please type the whole word trust or skip.");
	}
}

/* ~/x is in the home folder; nothing else means anything. */
static bool key_path(const char *typed, char *out, size_t cap)
{
	const char *home = typed[0] == '~' ? getenv("HOME") : "";
	int n = home ? snprintf(out, cap, "%s%s", home, typed + (typed[0] == '~')) : -1;

	return n > 0 && (size_t)n < cap && out[0] == '/';
}

/* A public key, or any other file, is not worth a try. What is in it, the library finds out. */
static bool is_private_key(const char *text, size_t n)
{
	static const char mark[] = "PRIVATE KEY-----";
	size_t len = sizeof mark - 1;

	for (size_t i = 0; i + len <= n; i++)
		if (memcmp(text + i, mark, len) == 0)
			return true;
	return false;
}

/* The file's bytes wait, without its passphrase, where they will be sent from. */
static void answer_key_file(struct visit *v, const char *typed)
{
	char path[BROKER_PATH_MAX];
	char *text = plat_secret_new(KEY_FILE_MAX);
	size_t n = 0;
	int err = !text ? AS_E_INTERNAL
		  : key_path(typed, path, sizeof path)
		      ? plat_private_read(path, KEY_FILE_MAX, text, &n)
		      : AS_E_OP_FAILED;

	if (err == 0 && !is_private_key(text, n))
		err = AS_EBADMSG;
	if (err == 0)
		err = keep_secret(v, &(struct talk_secret){.kind = TALK_PRIVATE_KEY,
							   .text = (const uint8_t *)text,
							   .text_len = n});
	plat_secret_free(text, KEY_FILE_MAX);
	if (err < 0)
		ask_again(v, "This file cannot be read, or is no private key. Type its whole name: "
			     "key /home/you/.ssh/id_ed25519");
	else
		visit_ask(v, VISIT_ASKS_PASSPHRASE);
}

static void answer_passphrase(struct visit *v, const char *line)
{
	size_t size = v->secret_len; /* take_secret() makes it another one */
	uint8_t *copy = v->secret ? plat_secret_new(size) : NULL;
	struct talk_secret s;

	if (!copy) {
		done(v, login_on_secret(&v->login, false));
		return;
	}
	memcpy(copy, v->secret, size);
	talk_secret_decode(copy, size, &s);
	s.pass = (const uint8_t *)line;
	s.pass_len = strlen(line);
	take_secret(v, &s);
	plat_secret_free(copy, size);
}

static void answer_same(struct visit *v)
{
	const struct visits *vs = &v->b->visits;
	struct talk_secret s;

	if (vs->same && talk_secret_decode(vs->same, vs->same_len, &s) == 0)
		take_secret(v, &s);
	else
		ask_again(v, "Nothing has worked for another device yet.");
}

static void answer_agent(struct visit *v)
{
	if (!getenv("SSH_AUTH_SOCK")) {
		ask_again(v, "No ssh-agent runs in this terminal.");
		return;
	}
	visit_forget_secret(v);
	v->by_agent = true;
	done(v, login_on_secret(&v->login, true));
}

static void show_list(struct visit *v)
{
	static char page[CATALOGUE_TEXT_MAX];

	visit_print(&v->catalogue, v->type, v->device.config, page, sizeof page);
	ui_page(v->b->ui, page);
	ask_again(v, "");
}

static void answer_way(struct visit *v, const char *line)
{
	line += strspn(line, " \t");
	if (is_word(line, "skip"))
		done(v, login_on_secret(&v->login, false));
	else if (is_word(line, "list"))
		show_list(v);
	else if (is_word(line, "same"))
		answer_same(v);
	else if (is_word(line, "agent") && v->ways & TALK_BY_KEY)
		answer_agent(v);
	else if (strncasecmp(line, "key ", 4) == 0 && v->ways & TALK_BY_KEY)
		answer_key_file(v, line + 4 + strspn(line + 4, " \t"));
	else if (!*line && v->ways & (TALK_BY_PASSWORD | TALK_BY_ANSWERS))
		visit_ask(v, VISIT_ASKS_PASSWORD);
	else
		ask_again(v, "That is none of the possible answers. Nothing was sent.");
}

void visits_on_answer(struct broker *b, const char *line)
{
	struct visit *v = b->visits.asked;

	if (!v)
		return;
	switch (v->asks) {
	case VISIT_ASKS_KEY:
		answer_key(v, line);
		break;
	case VISIT_ASKS_WAY:
		answer_way(v, line);
		break;
	case VISIT_ASKS_PASSWORD:
		take_text(v, TALK_PASSWORD, line);
		break;
	case VISIT_ASKS_PASSPHRASE:
		answer_passphrase(v, line);
		break;
	case VISIT_ASKS_PROMPT:
		if (*line)
			visit_send_answer(v, line);
		done(v, login_on_answer(&v->login, *line != '\0'));
		break;
	case VISIT_ASKS_NOTHING:
		break;
	}
}

/* Nobody answered: this device is left out, and the next question has its turn. */
static void on_limit(uv_timer_t *t)
{
	struct visits *vs = t->data;
	struct visit *v = vs->asked;
	enum visit_question asked = v ? v->asks : VISIT_ASKS_NOTHING;

	if (!v)
		return;
	ui_ask_end(v->b->ui);
	ui_message(v->b->ui, "No answer: %s is left out.", v->device.host);
	done(v, asked == VISIT_ASKS_KEY	     ? login_on_trust(&v->login, false)
		: asked == VISIT_ASKS_PROMPT ? login_on_answer(&v->login, false)
					     : login_on_secret(&v->login, false));
}

/* ---- life ---- */

void visits_init(struct broker *b)
{
	struct visits *vs = &b->visits;
	char dir[BROKER_STATE_DIR_MAX];

	vs->b = b;
	uv_timer_init(&b->loop, &vs->limit);
	vs->limit.data = vs;
	uv_timer_set_repeat(&vs->limit, VISIT_QUESTION_MS);
	if (plat_state_dir(dir, sizeof dir) == 0)
		snprintf(vs->known, sizeof vs->known, "%s/" KNOWN_FILE, dir);
}

static void on_limit_closed(uv_handle_t *h)
{
	broker_gone_one(((struct visits *)h->data)->b);
}

void visits_end(struct broker *b)
{
	struct visits *vs = &b->visits;

	for (struct visit *v = vs->first; v; v = v->next) {
		turn_over(v);
		visit_forget_secret(v);
	}
	if (b->ui)
		ui_ask_end(b->ui);
	free_secret(&vs->same, &vs->same_len);
	uv_close((uv_handle_t *)&vs->limit, on_limit_closed);
}
