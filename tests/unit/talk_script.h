/*
 * talk_script.h - dialogues of a client half as tables of text, one line a step:
 *
 *	S line   the server says this
 *	C line   we say this (the line end is understood)
 *	-        we say nothing
 *	T        TLS stands
 *	@ state  where the dialogue is
 *	= code   the response code of the last reply
 *	" text   the text of the last reply
 *	! FAILURE  the server's line before ended the dialogue
 *	? FAILURE  what there is to say ends it
 *
 * A server's line may end the dialogue only where "!" follows.
 */
#ifndef TESTS_UNIT_TALK_SCRIPT_H
#define TESTS_UNIT_TALK_SCRIPT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "error.h"
#include "proto/talk.h"

#define SCRIPT_PLAIN SASL_BIT(SASL_PLAIN)
#define SCRIPT_LOGIN SASL_BIT(SASL_LOGIN)
#define SCRIPT_CRAM SASL_BIT(SASL_CRAM_MD5)
#define SCRIPT_ANY (SCRIPT_PLAIN | SCRIPT_LOGIN | SCRIPT_CRAM)

struct script {
	const char *name;             /* what it shows, with the ids of requirements */
	enum talk_security security;
	bool no_sign_in;
	unsigned mechs;               /* 0: any */
	const char *login, *secret;   /* NULL: "me@example.com" and "secret" */
	const char *steps;
};

static const char *const script_failure[] = {
#define SCRIPT_FAILURE(name, temporary, text) #name,
	TALK_FAILURES(SCRIPT_FAILURE)
#undef SCRIPT_FAILURE
};

static struct sasl_credentials script_who(const struct script *s)
{
	return (struct sasl_credentials){ { NULL, 0 },
		slice_str(s->login != NULL ? s->login : "me@example.com"),
		slice_str(s->secret != NULL ? s->secret : "secret") };
}

/* What it says now without its line end, "" when nothing, NULL when that ends the dialogue. */
static const char *script_say(struct talk *t, const struct script *s)
{
	static char said[TALK_LINE_MAX + 1];
	struct fmt f = fmt_on(said, sizeof said - 1);
	struct sasl_credentials who = script_who(s);
	int e = talk_say(t, "gw.test", &who, &f);

	assert_false(f.over);
	if (e == E_ARG)
		return NULL;
	said[e == E_OK ? f.len : 0] = '\0';
	if (e != E_OK)
		return said;
	assert_true(f.len >= 2 && memcmp(said + f.len - 2, "\r\n", 2) == 0);
	said[f.len - 2] = '\0';
	assert_int_equal(strcspn(said, "\r\n"), f.len - 2);
	return said;
}

static void script_ended(struct talk *t, const struct script *s, const char *why)
{
	assert_string_equal(script_failure[t->failure], why);
	assert_string_equal(talk_state(t), "over");
	assert_string_equal(script_say(t, s), "");
	assert_int_equal(talk_hear(t, slice_str("+OK")), E_PROTO);
	assert_int_equal(talk_hear(t, slice_str("* OK x")), E_PROTO);
}

static void script_step(struct talk *t, const struct script *s, char kind, const char *arg,
	bool ends)
{
	const char *said;
	int e;

	switch (kind) {
	case 'S':
		e = talk_hear(t, slice_str(arg));
		assert_int_equal(e == E_PROTO, ends);
		break;
	case 'C':
	case '-':
		said = script_say(t, s);
		assert_non_null(said);
		assert_string_equal(said, arg);
		break;
	case 'T':
		assert_true(talk_securing(t));
		talk_secured(t);
		assert_int_equal(t->reply.text_len, 0);
		break;
	case '?':
		assert_null(script_say(t, s));
		script_ended(t, s, arg);
		break;
	case '!':
		script_ended(t, s, arg);
		break;
	case '@':
		assert_string_equal(talk_state(t), arg);
		assert_int_equal(talk_idle(t), strcmp(arg, "idle") == 0);
		break;
	case '=':
		assert_string_equal(t->reply.status, arg);
		break;
	case '"':
		assert_int_equal(t->reply.text_len, strlen(arg));
		assert_memory_equal(t->reply.text, arg, strlen(arg));
		break;
	default:
		fail_msg("unknown step %c", kind);
	}
	assert_true(talk_patience_ms(t) >= 60000 && talk_patience_ms(t) <= 300000);
}

/* Plays the steps on a dialogue that has been started. */
static void script_play(struct talk *t, const struct script *s)
{
	const char *p = s->steps;
	char line[2200];

	while (*p != '\0') {
		size_t n = strcspn(p, "\n");

		assert_true(n < sizeof line);
		memcpy(line, p, n);
		line[n] = '\0';
		p += n + (p[n] == '\n');
		script_step(t, s, line[0], n > 2 ? line + 2 : "", p[0] == '!');
	}
}

/* One test for each script. */
static int script_run(const struct script *scripts, size_t count, CMUnitTestFunction play,
	struct CMUnitTest *tests, size_t others)
{
	for (size_t i = 0; i < count; i++)
		tests[others + i] = (struct CMUnitTest){ .name = scripts[i].name, .test_func = play,
			.initial_state = (void *)(uintptr_t)&scripts[i] };
	return _cmocka_run_group_tests("scripts", tests, others + count, NULL, NULL);
}

#endif
