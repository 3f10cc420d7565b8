/*
 * test_pop3_client.c - the dialogue of POP3's client half: every row, good and bad, and what an attacker may
 * do in clear (PO-04 .. PO-13, A-10, A-14, A-20 .. A-29).
 */
#include "proto/pop3_client.h"
#include "talk_script.h"

static struct pop3_client c;

static void play(void **state)
{
	const struct script *s = *state;

	pop3_client_start(&c, s->security, !s->no_sign_in, s->mechs != 0 ? s->mechs : SCRIPT_ANY);
	script_play(&c.talk, s);
}

#define HELLO "@ greeting\n-\nS +OK ready <1.2@mx>\n"
#define CAPS(list) HELLO "C CAPA\n-\nS +OK list follows\n" list "S .\n"
#define MX "C CAPA\nS +OK\nS STLS\nS .\n"
#define TLS HELLO MX "C STLS\nS +OK begin\n@ securing\n-\nT\n@ capa-tls\n"
#define PLAIN_IR "C AUTH PLAIN AG1lQGV4YW1wbGUuY29tAHNlY3JldA==\n"
#define B64_NAME "bWVAZXhhbXBsZS5jb20="
#define USER_PASS "C USER me@example.com\nS +OK\n@ pass\nC PASS secret\n"
#define TO_PASS CAPS("S USER\n") USER_PASS
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X200 X50 X50 X50 X50

static const struct script scripts[] = {
	/* ---- every row, good ---- */
	{ "clear, not signed in", TALK_CLEAR, true, 0, NULL, NULL,
		CAPS("S TOP\nS UIDL\n") "@ idle\n-\n" },
	{ "PO-13: USER and PASS over TLS", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PASS "S +OK 3 messages\n@ idle\n\" 3 messages\n-\n" },
	{ "PO-06: AUTH PLAIN with its initial response", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("S USER\nS SASL LOGIN PLAIN\n") "@ auth\n" PLAIN_IR "S +OK\n@ idle\n" },
	{ "PO-07: AUTH LOGIN in steps", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("S SASL LOGIN\n") "C AUTH LOGIN\nS + VXNlcm5hbWU6\n@ auth-more\nC " B64_NAME
		"\nS + UGFzc3dvcmQ6\nC c2VjcmV0\nS +OK\n@ idle\n" },
	{ "PO-08: CRAM-MD5 before PLAIN in clear", TALK_CLEAR, false, 0, NULL, NULL,
		CAPS("S sasl PLAIN CRAM-MD5\n") "C AUTH CRAM-MD5\nS + PDEuMkBteD4=\n"
		"C bWVAZXhhbXBsZS5jb20gNGVmNDUwNWE3MTdjMzkyMjAwNmZiNTA1ZGVmMGFiZTk=\nS +OK\n@ idle\n" },
	{ "only CRAM-MD5 may be used: never USER", TALK_BY_TLS, false, SCRIPT_CRAM, NULL, NULL,
		CAPS("S USER\nS SASL PLAIN\n") "! TALK_NO_MECH\n" },
	{ "LOGIN allowed: USER may be used", TALK_BY_TLS, false, SCRIPT_LOGIN, NULL, NULL,
		CAPS("S USER\nS SASL PLAIN\n") "C USER me@example.com\n" },
	{ "PO-04: STLS, then everything anew", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		TLS "C CAPA\nS +OK\nS USER\nS .\n" USER_PASS "S +OK\n@ idle\n" },
	{ "interop 2.11: a name with a prefix passes as it is", TALK_BY_TLS, false, 0,
		"recent:me@example.com", NULL, CAPS("S USER\n") "C USER recent:me@example.com\n" },
	{ "PO-13: a password with blanks and UTF-8 passes as it is", TALK_BY_TLS, false, 0, NULL,
		" p\xc3\xa4ss  word ", CAPS("S USER\n") "C USER me@example.com\nS +OK\n"
		"C PASS  p\xc3\xa4ss  word \nS +OK\n@ idle\n" },
	{ "dot-stuffed and unknown capabilities do no harm", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("S ..\nS .x\nS \nS XUSER\nS USER x\n") "@ user\n" },
	/* ---- the greeting ---- */
	{ "greeting refused", TALK_BY_TLS, false, 0, NULL, NULL, "S -ERR go away\n! TALK_GREETING\n" },
	{ "greeting: later", TALK_CLEAR, false, 0, NULL, NULL,
		"S -ERR [SYS/TEMP] later\n! TALK_GREETING\n= SYS/TEMP\n\" later\n" },
	{ "greeting: in use", TALK_CLEAR, false, 0, NULL, NULL, "S -ERR [IN-USE] x\n! TALK_BUSY\n" },
	{ "greeting of IMAP", TALK_CLEAR, false, 0, NULL, NULL, "S * OK ready\n! TALK_GREETING\n" },
	{ "greeting of SMTP", TALK_CLEAR, false, 0, NULL, NULL, "S 220 ready\n! TALK_GREETING\n" },
	{ "greeting empty", TALK_CLEAR, false, 0, NULL, NULL, "S \n! TALK_GREETING\n" },
	{ "greeting: +", TALK_CLEAR, false, 0, NULL, NULL, "S + go\n! TALK_GREETING\n" },
	{ "greeting without blank", TALK_CLEAR, false, 0, NULL, NULL, "S +OKready\n! TALK_GREETING\n" },
	{ "greeting without text", TALK_CLEAR, false, 0, NULL, NULL, "S +OK\n@ capa\n" },
	{ "greeting twice", TALK_CLEAR, false, 0, NULL, NULL, HELLO "S +OK\n! TALK_DESYNC\n" },
	/* ---- CAPA ---- */
	{ "CAPA unknown: USER and PASS", TALK_BY_TLS, false, 0, NULL, NULL,
		HELLO "C CAPA\nS -ERR unknown\n" USER_PASS "S +OK\n@ idle\n" },
	{ "CAPA unknown, and USER may not be used", TALK_BY_TLS, false, SCRIPT_CRAM, NULL, NULL,
		HELLO "C CAPA\nS -ERR unknown\n! TALK_NO_MECH\n" },
	{ "CAPA unknown, nobody signs in", TALK_CLEAR, true, 0, NULL, NULL,
		HELLO "C CAPA\nS -ERR [SYS/PERM] unknown\n@ idle\n" },
	{ "CAPA without any way in", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("S SASL XOAUTH2\n") "! TALK_NO_MECH\n" },
	{ "CAPA answered by +", TALK_CLEAR, false, 0, NULL, NULL,
		HELLO "C CAPA\nS + \n! TALK_DESYNC\n" },
	{ "CAPA answered by noise", TALK_CLEAR, false, 0, NULL, NULL,
		HELLO "C CAPA\nS OK\n! TALK_MALFORMED\n" },
	{ "CAPA answered twice", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("S USER\n") "S +OK\n! TALK_DESYNC\n" },
	{ "a reply before CAPA was said", TALK_BY_TLS, false, 0, NULL, NULL,
		HELLO "S +OK\n! TALK_DESYNC\n" },
	/* ---- STLS: A-20 .. A-29 ---- */
	{ "A-22: STLS not offered", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		CAPS("S USER\nS SASL PLAIN\n") "! TALK_NO_STARTTLS\n" },
	{ "A-23: CAPA hidden: no fallback", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		HELLO "C CAPA\nS -ERR unknown\n! TALK_NO_STARTTLS\n" },
	{ "A-23: CAPA hidden, nobody signs in: no fallback either", TALK_BY_STARTTLS, true, 0, NULL,
		NULL, HELLO "C CAPA\nS -ERR unknown\n! TALK_NO_STARTTLS\n" },
	{ "A-22: STLS refused", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		HELLO MX "C STLS\nS -ERR no\n! TALK_TLS_REFUSED\n" },
	{ "A-22: STLS refused for now", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		HELLO MX "C STLS\nS -ERR [SYS/TEMP] no\n! TALK_TLS_REFUSED\n" },
	{ "A-22: STLS refused as in use", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		HELLO MX "C STLS\nS -ERR [IN-USE] no\n! TALK_TLS_REFUSED\n" },
	{ "A-22: STLS answered by +", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		HELLO MX "C STLS\nS + go\n! TALK_TLS_REFUSED\n" },
	{ "A-22: STLS answered by another protocol", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		HELLO MX "C STLS\nS 220 go\n! TALK_TLS_REFUSED\n" },
	{ "A-21: a reply behind the one to STLS", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		HELLO MX "C STLS\nS +OK\nS +OK\n! TALK_DESYNC\n" },
	{ "A-21: noise behind the reply to STLS", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		HELLO MX "C STLS\nS +OK\nS x\n! TALK_DESYNC\n" },
	{ "A-29: the reply to STLS before STLS", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		HELLO MX "S +OK\n! TALK_DESYNC\n" },
	{ "A-26: what was offered in clear is forgotten", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		CAPS("S USER\nS SASL PLAIN\nS STLS\n") "C STLS\nS +OK\nT\nC CAPA\nS +OK\nS .\n! TALK_NO_MECH\n" },
	{ "A-26: CAPA refused inside TLS", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		CAPS("S SASL PLAIN\nS STLS\n") "C STLS\nS +OK\nT\nC CAPA\nS -ERR\nC USER me@example.com\n" },
	{ "no second STLS", TALK_BY_STARTTLS, true, 0, NULL, NULL,
		TLS "C CAPA\nS +OK\nS STLS\nS .\n@ idle\n" },
	{ "STLS offered inside implicit TLS is not heeded", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("S STLS\nS USER\n") "@ user\n" },
	/* ---- the sign-in refused: PO-11 ---- */
	{ "PO-11: PASS refused", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PASS "S -ERR invalid password\n! TALK_AUTH_REFUSED\n=\n\" invalid password\n" },
	{ "PO-11: PASS [AUTH]", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PASS "S -ERR [AUTH] temporary words do not count\n! TALK_AUTH_REFUSED\n= AUTH\n" },
	{ "PO-11: PASS [SYS/PERM]", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PASS "S -ERR [sys/perm] no\n! TALK_AUTH_REFUSED\n= sys/perm\n" },
	{ "PO-11: PASS [SYS/TEMP]", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PASS "S -ERR [SYS/TEMP] later\n! TALK_AUTH_TEMP\n= SYS/TEMP\n" },
	{ "PO-11: a code with one more level", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PASS "S -ERR [SYS/TEMP/DISK] later\n! TALK_AUTH_TEMP\n" },
	{ "PO-11: an unknown code", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PASS "S -ERR [SYS/TEMPER] later\n! TALK_AUTH_REFUSED\n" },
	{ "PF-04: PASS [IN-USE]", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PASS "S -ERR [IN-USE] locked\n! TALK_BUSY\n" },
	{ "PF-04: PASS [LOGIN-DELAY]", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PASS "S -ERR [LOGIN-DELAY] wait\n! TALK_BUSY\n" },
	{ "PF-04: locked, in words (RFC 1939 7)", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PASS "S -ERR maildrop already locked\n! TALK_BUSY\n" },
	{ "PO-11: unavailable, in words", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PASS "S -ERR Server Unavailable. 21\n! TALK_AUTH_TEMP\n" },
	{ "PASS answered by +", TALK_BY_TLS, false, 0, NULL, NULL, TO_PASS "S + \n! TALK_DESYNC\n" },
	{ "PASS answered by noise", TALK_BY_TLS, false, 0, NULL, NULL, TO_PASS "S ok\n! TALK_MALFORMED\n" },
	{ "PASS answered twice", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PASS "S +OK\n@ idle\nS +OK\n! TALK_DESYNC\n" },
	{ "USER refused", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("S USER\n") "C USER me@example.com\nS -ERR no such user\n! TALK_AUTH_REFUSED\n" },
	{ "USER answered twice", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("S USER\n") "C USER me@example.com\nS +OK\nS +OK\n! TALK_DESYNC\n" },
	{ "AUTH refused", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("S SASL PLAIN\n") PLAIN_IR "S -ERR [AUTH] no\n! TALK_AUTH_REFUSED\n" },
	{ "AUTH refused for now", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("S SASL PLAIN\n") PLAIN_IR "S -ERR [SYS/TEMP] no\n! TALK_AUTH_TEMP\n" },
	{ "AUTH refused in the middle", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("S SASL LOGIN\n") "C AUTH LOGIN\nS + VXNlcm5hbWU6\nC " B64_NAME
		"\nS -ERR no\n! TALK_AUTH_REFUSED\n" },
	{ "a challenge too many is answered by *", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("S SASL PLAIN\n") PLAIN_IR "S + eyJzdGF0dXMiOiI0MDAifQ==\nC *\nS -ERR no\n"
		"! TALK_AUTH_REFUSED\n" },
	{ "success after * is none", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("S SASL PLAIN\n") PLAIN_IR "S + x\nC *\nS +OK\n! TALK_DESYNC\n" },
	{ "a challenge after * is none", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("S SASL PLAIN\n") PLAIN_IR "S + x\nC *\nS + x\n! TALK_DESYNC\n" },
	{ "success before a response is none", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("S SASL LOGIN\n") "C AUTH LOGIN\nS +OK\n! TALK_DESYNC\n" },
	{ "CRAM-MD5 with a challenge that is no base64", TALK_BY_TLS, false, SCRIPT_CRAM, NULL, NULL,
		CAPS("S SASL CRAM-MD5\n") "C AUTH CRAM-MD5\nS + ?\nC *\nS -ERR no\n! TALK_AUTH_REFUSED\n" },
	{ "a second challenge before we answered", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("S SASL LOGIN\n") "C AUTH LOGIN\nS + \nS + \n! TALK_DESYNC\n" },
	/* ---- credentials and texts ---- */
	{ "A-10: LF in the name, USER", TALK_BY_TLS, false, 0, "me\nDELE 1", NULL,
		CAPS("S USER\n") "? TALK_CREDENTIALS\n" },
	{ "A-10: CR in the password, PASS", TALK_BY_TLS, false, 0, NULL, "a\rb",
		CAPS("S USER\n") "C USER me@example.com\nS +OK\n? TALK_CREDENTIALS\n" },
	{ "A-10: LF in the password, AUTH", TALK_BY_TLS, false, 0, NULL, "a\nb",
		CAPS("S SASL PLAIN\n") "? TALK_CREDENTIALS\n" },
	{ "A-10: LF in the name, AUTH LOGIN", TALK_BY_TLS, false, 0, "a\nb", NULL,
		CAPS("S SASL LOGIN\n") "? TALK_CREDENTIALS\n" },
	{ "an empty name", TALK_BY_TLS, false, 0, "", NULL, CAPS("S USER\n") "? TALK_CREDENTIALS\n" },
	{ "an empty password", TALK_BY_TLS, false, 0, NULL, "",
		CAPS("S USER\n") "C USER me@example.com\nS +OK\n? TALK_CREDENTIALS\n" },
	{ "a name that is too long", TALK_BY_TLS, false, 0, X200 X50 "xxxxxx", NULL,
		CAPS("S USER\n") "? TALK_CREDENTIALS\n" },
	{ "a password of 1000 octets passes whole", TALK_BY_TLS, false, 0, NULL,
		X200 X200 X200 X200 X200, CAPS("S USER\n") "C USER me@example.com\nS +OK\n"
		"C PASS " X200 X200 X200 X200 X200 "\n" },
	{ "A-14: texts are cleaned", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PASS "S -ERR [A\x01/\xff" "12345678901234567890123] a\x1b[0m\tb\x7f\n! TALK_AUTH_REFUSED\n"
		"= A?/?1234567890123456789\n\" a?[0m?b?\n" },
	{ "brackets that do not close are text", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PASS "S -ERR [SYS/TEMP later\n! TALK_AUTH_REFUSED\n=\n\" [SYS/TEMP later\n" },
	{ "empty brackets", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PASS "S -ERR []\n! TALK_AUTH_REFUSED\n=\n\"\n" },
};
enum { SCRIPTS = sizeof scripts / sizeof scripts[0] };

/* What the tables cannot say: NUL in credentials. */
static void nul_in_credentials(void **state)
{
	struct sasl_credentials who = { { NULL, 0 }, slice_of("a\0b", 3), slice_of("a\0b", 3) };
	char text[TALK_LINE_MAX];
	struct fmt f = fmt_on(text, sizeof text);

	(void)state;
	pop3_client_start(&c, TALK_BY_TLS, true, SCRIPT_ANY);
	talk_hear(&c.talk, slice_str("+OK"));
	assert_int_equal(talk_say(&c.talk, "gw.test", &who, &f), E_OK);
	talk_hear(&c.talk, slice_str("-ERR"));
	f = fmt_on(text, sizeof text);
	assert_int_equal(talk_say(&c.talk, "gw.test", &who, &f), E_ARG);
	assert_int_equal(c.talk.failure, TALK_CREDENTIALS);
	assert_int_equal(f.len, 0);
	c.talk.state = POP3_UP_PASS;
	assert_int_equal(talk_say(&c.talk, "gw.test", &who, &f), E_ARG);
	assert_int_equal(f.len, 0);
}

/* A line has 255 octets at most, or the response goes by itself (RFC 2449 4, RFC 5034 4). */
static void initial_response_has_its_limit(void **state) /* PO-09 */
{
	static char secret[178 + 1];
	static const struct script s = { "", TALK_BY_TLS, false, 0, "me", secret,
		CAPS("S SASL PLAIN\n") };
	const struct script *p = &s;

	(void)state;
	memset(secret, 'x', 178);
	play((void **)&p);
	assert_string_equal(script_say(&c.talk, &s), "AUTH PLAIN");
	assert_int_equal(talk_hear(&c.talk, slice_str("+ ")), E_OK);
	assert_int_equal(strlen(script_say(&c.talk, &s)), 244);
	secret[176] = '\0';
	play((void **)&p);
	assert_int_equal(strlen(script_say(&c.talk, &s)), 251);
}

static void endless_capa_is_bounded(void **state) /* */
{
	static const struct script s = { "", TALK_CLEAR, false, 0, NULL, NULL, HELLO "C CAPA\nS +OK\n" };
	const struct script *p = &s;
	int e = E_AGAIN, n = 0;

	(void)state;
	play((void **)&p);
	while (e == E_AGAIN && n++ < 1000)
		e = talk_hear(&c.talk, slice_str("X"));
	assert_int_equal(e, E_PROTO);
	assert_int_equal(n, POP3_LINES_MAX + 1);
	assert_int_equal(c.talk.failure, TALK_MALFORMED);
}

/* A hundred lines are fine, and the next CAPA has a hundred of its own. */
static void long_capa_is_taken(void **state)
{
	static const struct script s = { "", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		HELLO "C CAPA\nS +OK\nS STLS\n" };
	static const struct script next = { "", TALK_CLEAR, false, 0, NULL, NULL,
		"S .\nC STLS\nS +OK\nT\nC CAPA\nS +OK\nS USER\n" };
	const struct script *p = &s;

	(void)state;
	play((void **)&p);
	for (int i = 0; i < POP3_LINES_MAX - 1; i++)
		assert_int_equal(talk_hear(&c.talk, slice_str("X")), E_AGAIN);
	script_play(&c.talk, &next);
	for (int i = 0; i < POP3_LINES_MAX - 1; i++)
		assert_int_equal(talk_hear(&c.talk, slice_str("X")), E_AGAIN);
	assert_int_equal(talk_hear(&c.talk, slice_str(".")), E_OK);
	assert_string_equal(talk_state(&c.talk), "user");
}

/* What servers of both protocols say that send no response codes. */
static void refusals_in_words(void **state) /* PO-11, IM-19 */
{
	static const struct {
		const char *text;
		enum talk_class class;
	} rows[] = {
		{ "maildrop already locked", TALK_IN_USE }, { "Unable to lock maildrop", TALK_IN_USE },
		{ "Your MAILBOX is locked by another session", TALK_IN_USE },
		{ "cannot lock the mailbox", TALK_IN_USE },
		{ "[ALERT] Too many simultaneous connections. (Failure)", TALK_IN_USE },
		{ "Maximum number of connections from user+IP exceeded", TALK_IN_USE },
		{ "Too many login attempts", TALK_TEMPORARY },
		{ "Temporary authentication failure", TALK_TEMPORARY },
		{ "account temporarily closed", TALK_TEMPORARY },
		{ "Server Unavailable. 15", TALK_TEMPORARY },
		{ "Authentication failed", TALK_REFUSED }, { "Invalid login or password", TALK_REFUSED },
		{ "account locked", TALK_REFUSED }, { "LOGIN failed.", TALK_REFUSED }, { "", TALK_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(talk_refusal(slice_str(rows[i].text)), rows[i].class);
}

static void states_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < POP3_STATE_COUNT; i++)
		assert_true(pop3_state_name[i][0] != '\0');
}

int main(void)
{
	static struct CMUnitTest tests[6 + SCRIPTS] = {
		cmocka_unit_test(nul_in_credentials), cmocka_unit_test(endless_capa_is_bounded),
		cmocka_unit_test(long_capa_is_taken), cmocka_unit_test(states_have_names),
		cmocka_unit_test(initial_response_has_its_limit), cmocka_unit_test(refusals_in_words),
	};

	return script_run(scripts, SCRIPTS, play, tests, 6);
}
