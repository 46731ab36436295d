/* SPDX-License-Identifier: Apache-2.0
 *
 * Logging in. Which way, with what, and how often is the broker's decision; here each attempt is
 * made once. What the customer typed exists in this process from SECRET to the attempt's end.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/plat/plat.h"
#include "agent/ssh/peer.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

#define ROUNDS_MAX  8 /* of questions that a device asks for one log-in */
#define PROMPTS_MAX 4 /* questions at once */
#define STEPS_MAX   4 /* of one log-in */

/* A secret as the library wants it: ended by NUL. The page behind it is wiped. */
struct phrase {
	char *text;
	size_t room;
};

static int phrase_make(struct phrase *f, const uint8_t *p, size_t n)
{
	f->room = n + 1;
	f->text = plat_secret_new(f->room);
	if (!f->text)
		return -ENOMEM;
	memcpy(f->text, p, n);
	f->text[n] = '\0';
	return 0;
}

static void phrase_free(struct phrase *f)
{
	plat_secret_free(f->text, f->room);
	f->text = NULL;
}

/* Repeats `call` until it has an answer; the value is SSH_AUTH_*. */
#define ATTEMPT(p, result, call)                                   \
	do {                                                       \
		uint64_t until_ = clock_mono_ms() + PEER_LOGIN_MS; \
		while (((result) = (call)) == SSH_AUTH_AGAIN)      \
			if (peer_wait((p), until_) < 0) {          \
				(result) = SSH_AUTH_ERROR;         \
				break;                             \
			}                                          \
	} while (0)

static unsigned methods(struct peer *p)
{
	int list = p->ssh->userauth_list(p->session, NULL);

	return (list & SSH_AUTH_METHOD_PASSWORD ? TALK_BY_PASSWORD : 0) |
	       (list & SSH_AUTH_METHOD_INTERACTIVE ? TALK_BY_ANSWERS : 0) |
	       (list & SSH_AUTH_METHOD_PUBLICKEY ? TALK_BY_KEY : 0);
}

/* ---- keyboard-interactive ---- */

/* A question goes to the customer, his answer comes back. 0, or what ends this connection. */
static int put_question(struct peer *p, bool echo, const char *words, struct phrase *out)
{
	struct talk_msg m;
	struct talk_secret s;
	int err = speak_note(p->talk, TALK_PROMPT, echo, words);

	if (err == 0)
		err = speak_hear(p->talk, &m);
	if (err < 0)
		return err;
	if (m.type != TALK_SECRET)
		return peer_obey(p, &m);
	if (talk_secret_decode(m.payload, m.len, &s) < 0)
		return AS_E_PROTOCOL;
	err = phrase_make(out, s.text, s.text_len);
	speak_wipe(p->talk);
	return err;
}

/* One of the device's own. What it has to say stands before the question: often only there it says
 * what it wants. */
static int ask_customer(struct peer *p, unsigned i, struct phrase *out)
{
	const char *more = p->ssh->userauth_kbdint_getinstruction(p->session);
	char echo = 0, words[2 * TALK_TEXT_MAX];
	const char *prompt = p->ssh->userauth_kbdint_getprompt(p->session, i, &echo);

	snprintf(words, sizeof words, "%.180s%s%.180s", more ? more : "", more && *more ? " " : "",
		 prompt ? prompt : "");
	return put_question(p, echo != 0, words, out);
}

/* The password answers the first question, if it is alone and not to be seen. */
static int answer_round(struct peer *p, int n, const char **password)
{
	for (int i = 0; i < n; i++) {
		struct phrase f = {0};
		char echo = 0;
		const char *answer = *password;

		p->ssh->userauth_kbdint_getprompt(p->session, (unsigned)i, &echo);
		if (!answer || n > 1 || echo) {
			int err = ask_customer(p, (unsigned)i, &f);

			if (err != 0)
				return err;
			answer = f.text;
		}
		p->ssh->userauth_kbdint_setanswer(p->session, (unsigned)i, answer);
		phrase_free(&f);
		*password = NULL; /* the same words are not the answer to a second question */
	}
	return 0;
}

/* SSH_AUTH_*, or in *err what ends it all. */
static int answer_questions(struct peer *p, const char *password, int *err)
{
	int result;

	for (int round = 0; round < ROUNDS_MAX; round++) {
		ATTEMPT(p, result, p->ssh->userauth_kbdint(p->session, NULL, NULL));
		if (result != SSH_AUTH_INFO)
			return result;

		int n = p->ssh->userauth_kbdint_getnprompts(p->session);
		if (n < 0 || n > PROMPTS_MAX)
			return SSH_AUTH_DENIED;
		*err = answer_round(p, n, &password);
		if (*err != 0)
			return SSH_AUTH_ERROR;
	}
	return SSH_AUTH_DENIED;
}

/* ---- one attempt ---- */

static int try_password(struct peer *p, const struct talk_secret *s, int *err)
{
	unsigned ways = methods(p);
	struct phrase f = {0};
	int result = SSH_AUTH_DENIED;

	*err = phrase_make(&f, s->text, s->text_len);
	speak_wipe(p->talk);
	if (*err < 0)
		return SSH_AUTH_ERROR;
	if (ways & TALK_BY_PASSWORD)
		ATTEMPT(p, result, p->ssh->userauth_password(p->session, NULL, f.text));
	else if (ways & TALK_BY_ANSWERS)
		result = answer_questions(p, f.text, err);
	phrase_free(&f);
	return result;
}

static int try_key(struct peer *p, const struct talk_secret *s, int *err)
{
	struct phrase pass = {0}, text = {0};
	ssh_key key = NULL;
	int result = SSH_AUTH_DENIED;

	*err = phrase_make(&pass, s->pass, s->pass_len);
	if (*err == 0)
		*err = phrase_make(&text, s->text, s->text_len);
	speak_wipe(p->talk);
	if (*err == 0 &&
	    p->ssh->pki_import_privkey_base64(text.text, pass.text[0] ? pass.text : NULL, NULL,
					      NULL, &key) == SSH_OK)
		ATTEMPT(p, result, p->ssh->userauth_publickey(p->session, NULL, key));
	phrase_free(&pass);
	phrase_free(&text);
	p->ssh->key_free(key);
	return result;
}

static int try_agent(struct peer *p)
{
	int result, fd = p->talk->passed;

	p->talk->passed = -1;
	if (fd < 0 || p->ssh->set_agent_socket(p->session, fd) != SSH_OK)
		return SSH_AUTH_DENIED;
	ATTEMPT(p, result, p->ssh->userauth_agent(p->session, NULL));
	return result;
}

static int attempt(struct peer *p, const struct talk_msg *m, int *err)
{
	struct talk_secret s;

	*err = talk_secret_decode(m->payload, m->len, &s);
	if (*err < 0)
		return SSH_AUTH_ERROR;
	switch (s.kind) {
	case TALK_PASSWORD:
		return try_password(p, &s, err);
	case TALK_PRIVATE_KEY:
		return try_key(p, &s, err);
	case TALK_AGENT:
		return try_agent(p);
	default:
		*err = AS_E_PROTOCOL;
		return SSH_AUTH_ERROR;
	}
}

/* ---- all of them ---- */

/* How it is to be tried. 0 with SECRET in *m. */
static int ask_broker(struct peer *p, struct talk_msg *m)
{
	int err = speak_note(p->talk, TALK_LOGIN, methods(p), "");

	if (err == 0)
		err = speak_hear(p->talk, m);
	if (err == 0 && m->type != TALK_SECRET)
		err = peer_obey(p, m);
	return err;
}

/* The password besides a key, or besides answers. */
static int try_another_password(struct peer *p, int *err)
{
	struct phrase f = {0};
	int result = SSH_AUTH_ERROR;

	*err = put_question(p, false, "Password, too:", &f);
	if (*err == 0)
		ATTEMPT(p, result, p->ssh->userauth_password(p->session, NULL, f.text));
	phrase_free(&f);
	return result;
}

static int one_more_step(struct peer *p, int *err)
{
	unsigned ways = methods(p);

	if (ways & TALK_BY_ANSWERS)
		return answer_questions(p, NULL, err);
	return ways & TALK_BY_PASSWORD ? try_another_password(p, err) : SSH_AUTH_PARTIAL;
}

/* "That was right, but it is not all." Only this connection knows of it, so it goes on here. */
static int further_steps(struct peer *p, int *err)
{
	int result = SSH_AUTH_PARTIAL;

	for (int i = 0; i < STEPS_MAX && result == SSH_AUTH_PARTIAL && *err == 0; i++)
		result = one_more_step(p, err);
	if (*err == 0 && result == SSH_AUTH_PARTIAL)
		*err = peer_fail(p, ITEM_FAILED,
				 "the device wants a further log-in that this program cannot give");
	return result;
}

int login(struct peer *p)
{
	struct talk_msg m;
	int result, err = 0;

	ATTEMPT(p, result, p->ssh->userauth_none(p->session, NULL));
	while (result == SSH_AUTH_DENIED || result == SSH_AUTH_PARTIAL) {
		err = ask_broker(p, &m);
		if (err != 0)
			return err;
		result = attempt(p, &m, &err);
		speak_wipe(p->talk);
		if (err == 0 && result == SSH_AUTH_PARTIAL)
			result = further_steps(p, &err);
		if (err != 0)
			return err;
		if (result == SSH_AUTH_DENIED &&
		    (err = speak_send(p->talk, TALK_REFUSED, NULL, 0)) < 0)
			return err;
	}
	if (result != SSH_AUTH_SUCCESS)
		return peer_fail_ssh(p);
	return speak_send(p->talk, TALK_IN, NULL, 0);
}
