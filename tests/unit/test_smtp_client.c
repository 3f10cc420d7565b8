/*
 * test_smtp_client.c - the dialogue of the client half: every row, good and bad (SC-01 .. SC-07, SC-16,
 * SC-17, A-21 .. A-26).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "error.h"
#include "proto/smtp_client.h"

static struct smtp_client c;
static char said[4096];

static const struct sasl_credentials *who(void)
{
	static struct sasl_credentials w;

	w = (struct sasl_credentials){ { NULL, 0 }, slice_str("me@example.com"), slice_str("secret") };
	return &w;
}

static int hear(const char *line)
{
	return talk_hear(&c.talk, slice_str(line));
}

/* What it says now, or "" when it says nothing. */
static const char *say(void)
{
	struct fmt f = fmt_on(said, sizeof said);

	if (talk_say(&c.talk, "gw.test", who(), &f) != E_OK)
		return "";
	return fmt_cstr(&f);
}

static void start(enum talk_security security, bool sign_in)
{
	smtp_client_start(&c, security, sign_in, SASL_BIT(SASL_PLAIN) | SASL_BIT(SASL_LOGIN));
}

static void greeting_then_ehlo(void **state)
{
	(void)state;
	start(TALK_CLEAR, false);
	assert_string_equal(say(), "");
	assert_int_equal(hear("220-mx"), E_AGAIN);
	assert_int_equal(hear("220 mx ready"), E_OK);
	assert_string_equal(say(), "EHLO gw.test\r\n");
	assert_string_equal(say(), "");
	assert_int_equal(hear("250-mx"), E_AGAIN);
	assert_int_equal(hear("250-SIZE 1000"), E_AGAIN);
	assert_int_equal(hear("250-PIPELINING"), E_AGAIN);
	assert_int_equal(hear("250 8bitmime"), E_OK);
	assert_true(talk_idle(&c.talk));
	assert_int_equal(c.caps, SMTP_HAS_SIZE | SMTP_HAS_PIPELINING | SMTP_HAS_8BITMIME);
	assert_int_equal(c.size_max, 1000);
}

static void greeting_refusals(void **state) /* SC-01 */
{
	static const char *const lines[] = { "421 busy", "554 no", "450 later", "354 what" };

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		start(TALK_CLEAR, false);
		assert_int_equal(hear(lines[i]), E_PROTO);
		assert_int_equal(c.talk.failure, i == 0 ? TALK_CLOSING : TALK_GREETING);
		assert_true(talk_failure_temporary((enum talk_failure)c.talk.failure));
	}
}

static void helo_only_in_clear_without_sign_in(void **state) /* SC-02, A-23 */
{
	(void)state;
	start(TALK_CLEAR, false);
	hear("220 x");
	say();
	assert_int_equal(hear("502 no"), E_OK);
	assert_string_equal(say(), "HELO gw.test\r\n");
	assert_int_equal(hear("250 x"), E_OK);
	assert_true(talk_idle(&c.talk));
	for (int i = 0; i < 3; i++) {
		start(i == 0 ? TALK_BY_STARTTLS : i == 1 ? TALK_BY_TLS : TALK_CLEAR, i == 2);
		hear("220 x");
		say();
		assert_int_equal(hear("502 no"), E_PROTO);
		assert_int_equal(c.talk.failure, TALK_CAPABILITIES);
	}
}

static void starttls_missing_or_refused(void **state) /* A-22, SC-16 */
{
	static const char *const refusals[] = { "454 not now", "502 no", "354 go", "501 no" };

	(void)state;
	start(TALK_BY_STARTTLS, true);
	hear("220 x");
	say();
	hear("250-x");
	assert_int_equal(hear("250 AUTH PLAIN"), E_PROTO);
	assert_int_equal(c.talk.failure, TALK_NO_STARTTLS);
	assert_string_equal(say(), "");
	for (size_t i = 0; i < 4; i++) {
		start(TALK_BY_STARTTLS, true);
		hear("220 x");
		say();
		hear("250-x");
		hear("250 STARTTLS");
		assert_string_equal(say(), "STARTTLS\r\n");
		assert_int_equal(hear(refusals[i]), E_PROTO);
		assert_int_equal(c.talk.failure, TALK_TLS_REFUSED);
	}
}

static void capabilities_before_tls_are_forgotten(void **state) /* A-26, SC-17 */
{
	(void)state;
	start(TALK_BY_STARTTLS, true);
	hear("220 x");
	say();
	hear("250-x");
	hear("250-AUTH PLAIN");
	hear("250 STARTTLS");
	say();
	assert_int_equal(hear("220 go"), E_OK);
	assert_int_equal(c.talk.state, SMTP_SECURING);
	assert_string_equal(say(), "");
	assert_int_equal(c.talk.mechs, 0);
	talk_secured(&c.talk);
	assert_string_equal(say(), "EHLO gw.test\r\n");
	hear("250-x");
	assert_int_equal(hear("250 SIZE"), E_OK);
	assert_string_equal(say(), "");
	assert_int_equal(c.talk.failure, TALK_NO_MECH);
}

static void bytes_after_starttls_reply(void **state) /* */
{
	(void)state;
	start(TALK_BY_STARTTLS, true);
	hear("220 x");
	say();
	hear("250-x");
	hear("250 STARTTLS");
	say();
	hear("220 go");
	assert_int_equal(hear("250-x"), E_PROTO);
	assert_int_equal(c.talk.failure, TALK_DESYNC);
}

static void to_auth(const char *mechs)
{
	char line[80];
	struct fmt f = fmt_on(line, sizeof line);

	fmt_printf(&f, "250 AUTH %s", mechs);
	start(TALK_BY_TLS, true);
	hear("220 x");
	say();
	hear("250-x");
	assert_int_equal(hear(fmt_cstr(&f)), E_OK);
}

static void auth_plain_and_verdicts(void **state) /* SC-17 */
{
	(void)state;
	to_auth("LOGIN PLAIN");
	assert_string_equal(say(), "AUTH PLAIN AG1lQGV4YW1wbGUuY29tAHNlY3JldA==\r\n");
	assert_int_equal(hear("235 2.7.0 fine"), E_OK);
	assert_true(talk_idle(&c.talk));
	to_auth("PLAIN");
	say();
	assert_int_equal(hear("535 5.7.8 no"), E_PROTO);
	assert_int_equal(c.talk.failure, TALK_AUTH_REFUSED);
	assert_false(talk_failure_temporary(TALK_AUTH_REFUSED));
	assert_string_equal(c.talk.reply.status, "5.7.8");
	to_auth("PLAIN");
	say();
	assert_int_equal(hear("454 4.7.0 later"), E_PROTO);
	assert_int_equal(c.talk.failure, TALK_AUTH_TEMP);
	assert_true(talk_failure_temporary(TALK_AUTH_TEMP));
}

static void auth_login_in_steps(void **state)
{
	(void)state;
	to_auth("LOGIN");
	assert_string_equal(say(), "AUTH LOGIN\r\n");
	assert_int_equal(hear("334 VXNlcm5hbWU6"), E_OK);
	assert_string_equal(say(), "bWVAZXhhbXBsZS5jb20=\r\n");
	assert_int_equal(hear("334 UGFzc3dvcmQ6"), E_OK);
	assert_string_equal(say(), "c2VjcmV0\r\n");
	assert_int_equal(hear("334 more"), E_OK);
	assert_string_equal(say(), "*\r\n");
	assert_int_equal(hear("501 cancelled"), E_PROTO);
}

static void to_idle(void)
{
	start(TALK_CLEAR, false);
	hear("220 x");
	say();
	hear("250 x");
	assert_true(talk_idle(&c.talk));
}

static void transaction_replies_belong_to_their_commands(void **state) /* SC-04, SC-05 */
{
	(void)state;
	to_idle();
	assert_int_equal(smtp_client_ask(&c, SMTP_ASK_MAIL), E_OK);
	assert_int_equal(smtp_client_ask(&c, SMTP_ASK_RCPT), E_OK);
	assert_int_equal(hear("250 2.1.0 a"), E_OK);
	assert_int_equal(c.answered, SMTP_ASK_MAIL);
	assert_int_equal(hear("550-5.1.1 nobody"), E_AGAIN);
	assert_int_equal(hear("550 5.1.1 here"), E_OK);
	assert_int_equal(c.answered, SMTP_ASK_RCPT);
	assert_int_equal(c.talk.reply.code, 550);
	assert_string_equal(c.talk.reply.status, "5.1.1");
	assert_memory_equal(c.talk.reply.text, "nobody here", 11);
	assert_true(talk_idle(&c.talk));
	assert_int_equal(hear("250 2.0.0 surprise"), E_PROTO);
	assert_int_equal(c.talk.failure, TALK_DESYNC);
}

static void closing_anywhere(void **state) /* SC-07 */
{
	(void)state;
	to_idle();
	smtp_client_ask(&c, SMTP_ASK_DATA);
	assert_int_equal(hear("421 4.3.2 bye"), E_PROTO);
	assert_int_equal(c.talk.failure, TALK_CLOSING);
	to_idle();
	assert_int_equal(hear("421 4.3.2 bye"), E_PROTO);
	assert_int_equal(c.talk.failure, TALK_CLOSING);
}

static void malformed_replies(void **state) /* SC-06 */
{
	static const char *const lines[] = { "", "2", "22", "2200 x", "abc x", "199 x", "600 x", "220_x",
		"22\0 x", "-220 x" };

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		start(TALK_CLEAR, false);
		assert_int_equal(hear(lines[i]), E_PROTO);
		assert_int_equal(c.talk.failure, TALK_MALFORMED);
		assert_int_equal(hear("220 x"), E_PROTO);
	}
	start(TALK_CLEAR, false);
	assert_int_equal(hear("220"), E_OK);
}

static void endless_reply_is_bounded(void **state) /* SC-06, A-43 */
{
	int e = E_AGAIN, n = 0;

	(void)state;
	start(TALK_CLEAR, false);
	while (e == E_AGAIN && n++ < 1000)
		e = hear("220-more");
	assert_int_equal(e, E_PROTO);
	assert_in_range(n, 2, SMTP_REPLY_LINES_MAX + 1);
}

static void reply_text_is_cleaned(void **state) /* A-14, SS-54 */
{
	(void)state;
	to_idle();
	smtp_client_ask(&c, SMTP_ASK_MAIL);
	assert_int_equal(hear("550 5.1.0 a\rb\x01" "c\xff"), E_OK);
	assert_int_equal(c.talk.reply.text_len, 6);
	assert_memory_equal(c.talk.reply.text, "a?b?c?", 6);
	smtp_client_ask(&c, SMTP_ASK_MAIL);
	assert_int_equal(hear("550 4.1.0 class does not fit"), E_OK);
	assert_string_equal(c.talk.reply.status, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(greeting_then_ehlo), cmocka_unit_test(greeting_refusals),
		cmocka_unit_test(helo_only_in_clear_without_sign_in),
		cmocka_unit_test(starttls_missing_or_refused),
		cmocka_unit_test(capabilities_before_tls_are_forgotten),
		cmocka_unit_test(bytes_after_starttls_reply), cmocka_unit_test(auth_plain_and_verdicts),
		cmocka_unit_test(auth_login_in_steps),
		cmocka_unit_test(transaction_replies_belong_to_their_commands),
		cmocka_unit_test(closing_anywhere), cmocka_unit_test(malformed_replies),
		cmocka_unit_test(endless_reply_is_bounded), cmocka_unit_test(reply_text_is_cleaned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
