/*
 * test_imap_client.c - the dialogue of IMAP's client half: every row, the strings of LOGIN, what a
 * refusal means, what is kept (IM-19, IM-20, IM-26, A-08, A-10, A-11, A-14).
 */
#include "proto/imap_client.h"
#include "talk_script.h"

static struct imap_client c;

static void play(void **state)
{
	const struct script *s = *state;

	imap_client_start(&c, s->security, !s->no_sign_in, s->mechs != 0 ? s->mechs : SCRIPT_ANY);
	script_play(&c.talk, s);
}

#define HELLO "@ greeting\n-\nS * OK ready\n"
#define CAPS(list) HELLO "@ capability\nC a1 CAPABILITY\n-\nS * CAPABILITY IMAP4rev1 " list "\nS a1 OK done\n"
#define MX CAPS("STARTTLS LOGINDISABLED") "@ starttls\n"
#define TLS MX "C a2 STARTTLS\nS a2 OK begin\n@ securing\n-\nT\n@ capability-tls\nC a3 CAPABILITY\n"
#define PLAIN_IR " AUTHENTICATE PLAIN AG1lQGV4YW1wbGUuY29tAHNlY3JldA==\n"
#define B64_PLAIN "AG1lQGV4YW1wbGUuY29tAHNlY3JldA=="
#define TO_PLAIN CAPS("SASL-IR AUTH=PLAIN") "@ authenticate\nC a2" PLAIN_IR
#define TO_LOGIN CAPS("IDLE") "@ login\nC a2 LOGIN \"me@example.com\" \"secret\"\n"
#define TO_LITERAL CAPS("IDLE") "C a2 LOGIN {14}\n"
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X200 X50 X50 X50 X50

static const struct script scripts[] = {
	/* ---- every row, good ---- */
	{ "clear, not signed in", TALK_CLEAR, true, 0, NULL, NULL, CAPS("IDLE") "@ idle\n-\n" },
	{ "AUTHENTICATE PLAIN with SASL-IR", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PLAIN "S a2 OK in\n@ idle\n\" in\n-\n" },
	{ "AUTHENTICATE PLAIN without SASL-IR", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("AUTH=PLAIN AUTH=LOGIN") "C a2 AUTHENTICATE PLAIN\nS + \n@ authenticate-more\nC " B64_PLAIN
		"\nS a2 OK\n@ idle\n" },
	{ "AUTHENTICATE: + without a blank behind it", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("auth=plain") "C a2 AUTHENTICATE PLAIN\nS +\nC " B64_PLAIN "\nS a2 ok\n@ idle\n" },
	{ "AUTHENTICATE LOGIN", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("SASL-IR AUTH=LOGIN AUTH=XOAUTH2") "C a2 AUTHENTICATE LOGIN\nS + VXNlcm5hbWU6\n"
		"C bWVAZXhhbXBsZS5jb20=\nS + UGFzc3dvcmQ6\nC c2VjcmV0\nS a2 OK\n@ idle\n" },
	{ "AUTHENTICATE CRAM-MD5 before PLAIN in clear", TALK_CLEAR, false, 0, NULL, NULL,
		CAPS("SASL-IR AUTH=PLAIN AUTH=CRAM-MD5") "C a2 AUTHENTICATE CRAM-MD5\nS + PDEuMkBteD4=\n"
		"C bWVAZXhhbXBsZS5jb20gNGVmNDUwNWE3MTdjMzkyMjAwNmZiNTA1ZGVmMGFiZTk=\nS a2 OK\n@ idle\n" },
	{ "LOGIN where no mechanism is offered", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_LOGIN "S a2 OK\n@ idle\n" },
	{ "LOGIN where only LOGIN may be used", TALK_BY_TLS, false, SCRIPT_LOGIN, NULL, NULL,
		CAPS("AUTH=PLAIN") "@ login\n" },
	{ "STARTTLS, then everything anew", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		TLS "S * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\nS a3 OK\nC a4" PLAIN_IR "S a4 OK\n@ idle\n" },
	{ "the greeting inside TLS saves CAPABILITY", TALK_BY_TLS, false, 0, NULL, NULL,
		"S * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready\nC a1" PLAIN_IR "S a1 OK\n@ idle\n" },
	{ "the greeting inside TLS offers too little: asked", TALK_BY_TLS, false, 0, NULL, NULL,
		"S * OK [CAPABILITY IMAP4rev1 LOGINDISABLED] x\nC a1 CAPABILITY\nS a1 OK\n! TALK_CAPABILITIES\n" },
	{ "the greeting inside TLS tells no IMAP4: asked", TALK_BY_TLS, false, 0, NULL, NULL,
		"S * OK [CAPABILITY AUTH=PLAIN] x\nC a1 CAPABILITY\n" },
	{ "A-26: the greeting's list in clear is not heeded", TALK_CLEAR, false, 0, NULL, NULL,
		"S * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] x\nC a1 CAPABILITY\n"
		"S * CAPABILITY IMAP4rev1\nS a1 OK\n@ login\n" },
	/* ---- LOGIN's strings: A-08, A-11 ---- */
	{ "A-11: quotes and backslashes", TALK_BY_TLS, false, 0, "a\"b\\", "\\\" x ",
		CAPS("IDLE") "C a2 LOGIN \"a\\\"b\\\\\" \"\\\\\\\" x \"\nS a2 OK\n@ idle\n" },
	{ "A-11: a name that looks like a literal is quoted", TALK_BY_TLS, false, 0, "{3}", "{0+}",
		CAPS("IDLE") "C a2 LOGIN \"{3}\" \"{0+}\"\n" },
	{ "empty strings", TALK_BY_TLS, false, 0, "", "", CAPS("IDLE") "C a2 LOGIN \"\" \"\"\n" },
	{ "A-11: UTF-8 in the password: both are literals", TALK_BY_TLS, false, 0, NULL,
		"p\xc3\xa4ss", TO_LITERAL "S + go\n@ login-name\nC me@example.com {5}\nS +\n"
		"@ login-password\nC p\xc3\xa4ss\nS a2 OK\n@ idle\n" },
	{ "A-11: UTF-8 in the name: both are literals", TALK_BY_TLS, false, 0, "m\xc3\xa9", "secret",
		CAPS("IDLE") "C a2 LOGIN {3}\nS + \nC m\xc3\xa9 {6}\nS + \nC secret\nS a2 OK\n@ idle\n" },
	{ "A-11: a tab makes a literal", TALK_BY_TLS, false, 0, "a\tb", "",
		CAPS("IDLE") "C a2 LOGIN {3}\nS + \nC a\tb {0}\nS + \nC \nS a2 OK\n@ idle\n" },
	{ "A-08: never LITERAL+ though offered", TALK_BY_TLS, false, 0, NULL, "\x80",
		CAPS("LITERAL+ LITERAL-") "C a2 LOGIN {14}\n-\n" },
	{ "a literal refused", TALK_BY_TLS, false, 0, NULL, "\x80",
		TO_LITERAL "S a2 BAD literals are not my thing\n! TALK_AUTH_REFUSED\n" },
	{ "the password's literal refused", TALK_BY_TLS, false, 0, NULL, "\x80",
		TO_LITERAL "S + \nC me@example.com {1}\nS a2 NO [UNAVAILABLE] x\n! TALK_AUTH_TEMP\n" },
	{ "success before the name is none", TALK_BY_TLS, false, 0, NULL, "\x80",
		TO_LITERAL "S a2 OK\n! TALK_DESYNC\n" },
	{ "success before the password is none", TALK_BY_TLS, false, 0, NULL, "\x80",
		TO_LITERAL "S + \nC me@example.com {1}\nS a2 OK\n! TALK_DESYNC\n" },
	{ "a third literal is wanted", TALK_BY_TLS, false, 0, NULL, "\x80",
		TO_LITERAL "S + \nC me@example.com {1}\nS + \nC \x80\nS + \n! TALK_DESYNC\n" },
	{ "two + at once", TALK_BY_TLS, false, 0, NULL, "\x80",
		TO_LITERAL "S + \nS + \n! TALK_DESYNC\n" },
	{ "+ to quoted strings", TALK_BY_TLS, false, 0, NULL, NULL, TO_LOGIN "S + \n! TALK_DESYNC\n" },
	{ "A-10: LF in the name", TALK_BY_TLS, false, 0, "a\nb", NULL, CAPS("IDLE") "? TALK_CREDENTIALS\n" },
	{ "A-10: CR in the password", TALK_BY_TLS, false, 0, NULL, "a\rb",
		CAPS("IDLE") "? TALK_CREDENTIALS\n" },
	{ "A-10: LF in the password, AUTHENTICATE", TALK_BY_TLS, false, 0, NULL, "a\nb",
		CAPS("AUTH=PLAIN SASL-IR") "? TALK_CREDENTIALS\n" },
	{ "A-10: LF in the name, no initial response", TALK_BY_TLS, false, 0, "a\nb", NULL,
		CAPS("AUTH=PLAIN") "? TALK_CREDENTIALS\n" },
	{ "a name that is too long", TALK_BY_TLS, false, 0, X200 X50 "xxxxxx", NULL,
		CAPS("IDLE") "? TALK_CREDENTIALS\n" },
	/* ---- CAPABILITY ---- */
	{ "CAPABILITY refused", TALK_BY_TLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS a1 BAD x\n! TALK_CAPABILITIES\n" },
	{ "CAPABILITY refused, no fallback (A-23)", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS a1 NO x\n! TALK_CAPABILITIES\n" },
	{ "CAPABILITY without a list", TALK_BY_TLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS a1 OK [CAPABILITY IMAP4rev1 AUTH=PLAIN]\n! TALK_CAPABILITIES\n" },
	{ "CAPABILITY: mechanisms are behind AUTH= alone", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("PLAIN XUTH=PLAIN AUTH=") "@ login\n" },
	{ "CAPABILITY: the last list counts", TALK_BY_TLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS * CAPABILITY IMAP4rev1 AUTH=PLAIN\nS * CAPABILITY IMAP4rev2 AUTH=LOGIN\n"
		"S a1 OK\nC a2 AUTHENTICATE LOGIN\n" },
	{ "CAPABILITY before it was asked is not heeded", TALK_BY_TLS, false, 0, NULL, NULL,
		HELLO "S * CAPABILITY IMAP4rev1 AUTH=PLAIN\nC a1 CAPABILITY\nS a1 OK\n! TALK_CAPABILITIES\n" },
	{ "CAPABILITY after it was told is not heeded", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("AUTH=LOGIN") "S * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\nC a2 AUTHENTICATE LOGIN\n" },
	{ "LOGINDISABLED and no mechanism (A-29d)", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("LOGINDISABLED AUTH=XOAUTH2") "! TALK_NO_MECH\n" },
	{ "only CRAM-MD5 may be used: never LOGIN", TALK_BY_TLS, false, SCRIPT_CRAM, NULL, NULL,
		CAPS("AUTH=PLAIN") "! TALK_NO_MECH\n" },
	{ "a mechanism in spite of LOGINDISABLED", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("LOGINDISABLED AUTH=PLAIN") "C a2 AUTHENTICATE PLAIN\n" },
	/* ---- the sign-in refused: IM-19, RFC 5530 ---- */
	{ "IM-19: NO", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PLAIN "S a2 NO LOGIN failed.\n! TALK_AUTH_REFUSED\n=\n\" LOGIN failed.\n" },
	{ "IM-19: BAD", TALK_BY_TLS, false, 0, NULL, NULL, TO_LOGIN "S a2 BAD x\n! TALK_AUTH_REFUSED\n" },
	{ "IM-19: [AUTHENTICATIONFAILED]", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PLAIN "S a2 NO [AUTHENTICATIONFAILED] temporary is a word\n! TALK_AUTH_REFUSED\n"
		"= AUTHENTICATIONFAILED\n" },
	{ "IM-19: [AUTHORIZATIONFAILED]", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PLAIN "S a2 NO [authorizationfailed] unavailable\n! TALK_AUTH_REFUSED\n" },
	{ "IM-19: [EXPIRED]", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PLAIN "S a2 NO [EXPIRED] unavailable\n! TALK_AUTH_REFUSED\n" },
	{ "IM-19: [PRIVACYREQUIRED]", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_LOGIN "S a2 NO [PRIVACYREQUIRED] unavailable\n! TALK_AUTH_REFUSED\n" },
	{ "IM-19: [CONTACTADMIN]", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_LOGIN "S a2 NO [CONTACTADMIN] unavailable\n! TALK_AUTH_REFUSED\n" },
	{ "IM-26, A-28: [REFERRAL]", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_LOGIN "S a2 NO [REFERRAL imap://evil/] temporarily there\n! TALK_AUTH_REFUSED\n"
		"= REFERRAL\n\" temporarily there\n" },
	{ "IM-26, A-28: OK [REFERRAL] is an OK", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_LOGIN "S a2 OK [REFERRAL imap://evil/] x\n@ idle\n" },
	{ "IM-19: [UNAVAILABLE]", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PLAIN "S a2 NO [UNAVAILABLE] x\n! TALK_AUTH_TEMP\n= UNAVAILABLE\n" },
	{ "IM-19: BAD [SERVERBUG]", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_LOGIN "S a2 BAD [SERVERBUG] x\n! TALK_AUTH_TEMP\n" },
	{ "IM-19: [INUSE]", TALK_BY_TLS, false, 0, NULL, NULL, TO_PLAIN "S a2 NO [INUSE] x\n! TALK_BUSY\n" },
	{ "IM-19: [LIMIT]", TALK_BY_TLS, false, 0, NULL, NULL, TO_PLAIN "S a2 NO [LIMIT] x\n! TALK_BUSY\n" },
	{ "IM-19: [OVERQUOTA]", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PLAIN "S a2 NO [OVERQUOTA] Account exceeded limits\n! TALK_BUSY\n" },
	{ "IM-19: too many, in words", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PLAIN "S a2 NO [ALERT] Too many simultaneous connections. (Failure)\n! TALK_BUSY\n" },
	{ "IM-19: unavailable, in words", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_LOGIN "S a2 NO Server Unavailable. 15\n! TALK_AUTH_TEMP\n" },
	{ "IM-19: an unknown code", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PLAIN "S a2 NO [WEBALERT https://x/] log in there\n! TALK_AUTH_REFUSED\n= WEBALERT\n" },
	{ "IM-19: BYE in the middle", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PLAIN "S * BYE [UNAVAILABLE] x\n! TALK_CLOSING\n" },
	{ "IM-19: BYE [AUTHENTICATIONFAILED]", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PLAIN "S * BYE [AUTHENTICATIONFAILED] x\n! TALK_AUTH_REFUSED\n" },
	{ "IM-19: BYE [INUSE]", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_LOGIN "S * BYE [INUSE] x\n! TALK_BUSY\n" },
	{ "a challenge too many is answered by *", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PLAIN "S + eyJzdGF0dXMiOiI0MDAifQ==\nC *\nS a2 NO x\n! TALK_AUTH_REFUSED\n" },
	{ "success after * is none", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PLAIN "S + x\nC *\nS a2 OK\n! TALK_DESYNC\n" },
	{ "success before a response is none", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("AUTH=PLAIN") "C a2 AUTHENTICATE PLAIN\nS a2 OK\n! TALK_DESYNC\n" },
	{ "a tagged OK before we answered the challenge", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("AUTH=PLAIN") "C a2 AUTHENTICATE PLAIN\nS + \nS a2 OK\n! TALK_DESYNC\n" },
	{ "A-14: texts are cleaned", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_LOGIN "S a2 NO [A\x01\xff" "CDEFGHIJKLMNOPQRSTUVWXYZ b] a\x1b[0m\tb\x7f\n! TALK_AUTH_REFUSED\n"
		"= A??CDEFGHIJKLMNOPQRSTUV\n\" a?[0m?b?\n" },
	{ "brackets that do not close are text", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_LOGIN "S a2 NO [LIMIT x\n! TALK_AUTH_REFUSED\n=\n\" [LIMIT x\n" },
	{ "empty brackets", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_LOGIN "S a2 NO []\n! TALK_AUTH_REFUSED\n=\n\"\n" },
};
enum { SCRIPTS = sizeof scripts / sizeof scripts[0] };

/* ---- the capabilities told with the sign-in: IM-20 ---- */

static void kept(const char *steps, const char *list)
{
	const struct script s = { "", TALK_BY_TLS, false, 0, NULL, NULL, steps };
	const struct script *p = &s;

	play((void *)&p);
	assert_int_equal(c.capability_len, strlen(list));
	assert_memory_equal(c.capability, list, strlen(list));
}

static void capabilities_of_the_session_are_kept(void **state) /* IM-20 */
{
	(void)state;
	kept(TO_PLAIN "S a2 OK [CAPABILITY IMAP4rev1 IDLE MOVE] in\n@ idle\n", "IMAP4rev1 IDLE MOVE");
	kept(TO_LOGIN "S * CAPABILITY IMAP4rev1 IDLE\nS a2 OK in\n@ idle\n", "IMAP4rev1 IDLE");
	kept(TO_LOGIN "S * CAPABILITY A\nS a2 OK [capability IMAP4rev1  B ] in\n", "IMAP4rev1  B");
	kept(TO_LOGIN "S * CAPABILITY A\x01\xff" "B\nS a2 OK in\n", "A??B");
	kept(TO_LOGIN "S * CAPABILITY A\nS * CAPABILITY A] x [B\nS a2 OK in\n", "");
	kept(TO_LOGIN "S a2 OK [CAPABILITY IMAP4rev1 in\n@ idle\n", "");
	kept(CAPS("AUTH=PLAIN") "C a2 AUTHENTICATE PLAIN\nS + \nC " B64_PLAIN
		"\nS * CAPABILITY IMAP4rev1 X\nS a2 OK\n@ idle\n", "IMAP4rev1 X");
}

static void capabilities_before_the_sign_in_are_not_kept(void **state) /* IM-20, IM-22, A-26 */
{
	(void)state;
	kept(CAPS("AUTH=PLAIN") "S * CAPABILITY EVIL\nC a2 AUTHENTICATE PLAIN\nS + \nC " B64_PLAIN
		"\nS a2 OK in\n@ idle\n", "");
	kept("S * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN]\nC a1" PLAIN_IR "S a1 OK\n@ idle\n", "");
	kept(HELLO "C a1 CAPABILITY\nS * CAPABILITY IMAP4rev1\nS a1 OK [CAPABILITY EVIL]\n"
		"C a2 LOGIN \"me@example.com\" \"secret\"\nS * OK [CAPABILITY EVIL]\nS a2 OK\n@ idle\n", "");
}

static void long_capabilities_are_not_kept(void **state) /* IM-20 */
{
	static char line[64 + IMAP_CAPABILITY_MAX];
	struct fmt f = fmt_on(line, sizeof line);

	(void)state;
	kept(TO_LOGIN "S * CAPABILITY A\n", "A");
	fmt_str(&f, "* CAPABILITY ");
	memset(line + f.len, 'x', IMAP_CAPABILITY_MAX + 1);
	assert_int_equal(talk_hear(&c.talk, slice_of(line, f.len + IMAP_CAPABILITY_MAX)), E_AGAIN);
	assert_int_equal(c.capability_len, IMAP_CAPABILITY_MAX);
	assert_int_equal(talk_hear(&c.talk, slice_of(line, f.len + IMAP_CAPABILITY_MAX + 1)), E_AGAIN);
	assert_int_equal(c.capability_len, 0);
}

/* ---- what the tables cannot say ---- */

static void endless_data_is_bounded(void **state) /* */
{
	static const struct script s = { "", TALK_BY_TLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS * CAPABILITY IMAP4rev1 AUTH=LOGIN\n" };
	static const struct script next = { "", TALK_BY_TLS, false, 0, NULL, NULL,
		"S a1 OK\nC a2 AUTHENTICATE LOGIN\n" };
	const struct script *p = &s;

	(void)state;
	play((void **)&p);
	for (int i = 1; i < IMAP_LINES_MAX; i++)
		assert_int_equal(talk_hear(&c.talk, slice_str("* 5 EXISTS")), E_AGAIN);
	script_play(&c.talk, &next);
	for (int i = 0; i < IMAP_LINES_MAX; i++)
		assert_int_equal(talk_hear(&c.talk, slice_str("* 5 EXISTS")), E_AGAIN);
	assert_int_equal(talk_hear(&c.talk, slice_str("* 5 EXISTS")), E_PROTO);
	assert_int_equal(c.talk.failure, TALK_MALFORMED);
}

/* Says with these credentials; what talk_say() answers. */
static int say_as(struct slice login, struct slice secret)
{
	struct sasl_credentials who = { { NULL, 0 }, login, secret };
	char text[TALK_LINE_MAX];
	struct fmt f = fmt_on(text, sizeof text);
	int e = talk_say(&c.talk, "gw.test", &who, &f);

	assert_false(f.over);
	return e;
}

static void to_login(void)
{
	static const struct script s = { "", TALK_BY_TLS, false, 0, NULL, NULL, CAPS("IDLE") };
	const struct script *p = &s;

	play((void **)&p);
}

static void nul_in_credentials(void **state) /* */
{
	(void)state;
	to_login();
	assert_int_equal(say_as(slice_of("a\0b", 3), slice_str("x")), E_ARG);
	assert_int_equal(c.talk.failure, TALK_CREDENTIALS);
	to_login();
	assert_int_equal(say_as(slice_str("x"), slice_of("a\0b", 3)), E_ARG);
	assert_int_equal(c.talk.failure, TALK_CREDENTIALS);
}

static void the_longest_credentials_fit(void **state)
{
	static char name[SASL_LOGIN_MAX], secret[SASL_PASSWORD_MAX + 1];

	(void)state;
	memset(name, '"', sizeof name);
	memset(secret, '\\', sizeof secret);
	to_login();
	assert_int_equal(say_as(slice_of(name, sizeof name), slice_of(secret, SASL_PASSWORD_MAX)), E_OK);
	to_login();
	assert_int_equal(say_as(slice_of(name, sizeof name), slice_of(secret, sizeof secret)), E_ARG);
	assert_int_equal(c.talk.failure, TALK_CREDENTIALS);
}

/* The configuration may be reloaded between the parts of a LOGIN. */
static void literals_are_as_long_as_announced(void **state) /* */
{
	static const char *const then[] = { "other", "a\nbcde" };

	(void)state;
	to_login();
	assert_int_equal(say_as(slice_str("m\xc3\xa9"), slice_str("secret")), E_OK);
	talk_hear(&c.talk, slice_str("+ "));
	assert_int_equal(say_as(slice_str("me!!"), slice_str("secret")), E_ARG);
	assert_int_equal(c.talk.failure, TALK_AUTH_TEMP);
	to_login();
	assert_int_equal(say_as(slice_str("m\xc3\xa9"), slice_str("secret")), E_OK);
	talk_hear(&c.talk, slice_str("+ "));
	assert_int_equal(say_as(slice_str("m\xc3\xa9"), slice_str("a\nb")), E_ARG);
	for (size_t i = 0; i < 2; i++) {
		to_login();
		assert_int_equal(say_as(slice_str("m\xc3\xa9"), slice_str("secret")), E_OK);
		talk_hear(&c.talk, slice_str("+ "));
		assert_int_equal(say_as(slice_str("m\xc3\xa9"), slice_str("secret")), E_OK);
		talk_hear(&c.talk, slice_str("+ "));
		assert_int_equal(say_as(slice_str("m\xc3\xa9"), slice_str(then[i])), E_ARG);
		assert_int_equal(c.talk.failure, TALK_AUTH_TEMP);
	}
}

static void states_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < IMAP_STATE_COUNT; i++)
		assert_true(imap_state_name[i][0] != '\0');
}

int main(void)
{
	static struct CMUnitTest tests[8 + SCRIPTS] = {
		cmocka_unit_test(capabilities_of_the_session_are_kept),
		cmocka_unit_test(capabilities_before_the_sign_in_are_not_kept),
		cmocka_unit_test(long_capabilities_are_not_kept),
		cmocka_unit_test(endless_data_is_bounded), cmocka_unit_test(nul_in_credentials),
		cmocka_unit_test(the_longest_credentials_fit),
		cmocka_unit_test(literals_are_as_long_as_announced), cmocka_unit_test(states_have_names),
	};

	return script_run(scripts, SCRIPTS, play, tests, 8);
}
