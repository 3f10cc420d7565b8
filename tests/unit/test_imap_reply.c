/*
 * test_imap_reply.c - our own replies of IMAP and POP3: their form to the octet, and the response
 * codes that decide whether a client keeps its password (IM-19, PO-11).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/imap_reply.h"
#include "proto/pop3_reply.h"

enum { REPLY_MAX = 512 };

static char text[REPLY_MAX + 1];

static const char *imap(const char *tag, enum imap_say what)
{
	struct fmt f = fmt_on(text, sizeof text);

	imap_say_put(&f, slice_str(tag), what);
	assert_false(f.over);
	return fmt_cstr(&f);
}

static const char *pop3(enum pop3_say what)
{
	struct fmt f = fmt_on(text, sizeof text);

	pop3_say_put(&f, what);
	assert_false(f.over);
	return fmt_cstr(&f);
}

static void imap_forms(void **state)
{
	assert_string_equal(imap("a1", IMAP_SAY_NOOP_DONE), "a1 OK Nothing done\r\n");
	assert_string_equal(imap("a1", IMAP_SAY_AUTH_FAILED),
		"a1 NO [AUTHENTICATIONFAILED] Wrong login or password\r\n");
	assert_string_equal(imap("a1", IMAP_SAY_BYE_LOGOUT), "* BYE Goodbye\r\n");
	assert_string_equal(imap("a1", IMAP_SAY_BYE_STOPPING),
		"* BYE [UNAVAILABLE] The gateway is stopping, try again later\r\n");
	assert_string_equal(imap("a1", IMAP_SAY_BAD_TAG),
		"* BAD A command begins with a tag and a space\r\n");
	assert_string_equal(imap("", IMAP_SAY_SYNTAX), "* BAD Syntax error in the command\r\n");
	assert_string_equal(imap("a1", IMAP_SAY_NOTHING), "");
}

static void pop3_forms(void **state)
{
	assert_string_equal(pop3(POP3_SAY_BYE), "+OK Goodbye\r\n");
	assert_string_equal(pop3(POP3_SAY_AUTH_FAILED), "-ERR [AUTH] Wrong login or password\r\n");
	assert_string_equal(pop3(POP3_SAY_UNKNOWN), "-ERR Command not recognized\r\n");
	assert_string_equal(pop3(POP3_SAY_NOTHING), "");
}

/* One line of printable ASCII, and a response code nowhere but where one belongs. */
static void check_line(const char *line, const char *name)
{
	size_t len = strlen(line);

	assert_true(len > 2 && len < 200 && strcmp(line + len - 2, "\r\n") == 0);
	for (size_t i = 0; i < len - 2; i++)
		assert_true(line[i] >= ' ' && line[i] < 0x7f);
	assert_null(strstr(line, "  "));
	assert_true(strlen(name) > 1);
}

static void every_reply_is_a_line(void **state)
{
	assert_string_equal(imap_say_name[IMAP_SAY_NOTHING], "NOTHING");
	assert_string_equal(imap_say_name[IMAP_SAY_UP_BUSY], "UP_BUSY");
	assert_string_equal(pop3_say_name[POP3_SAY_UP_BUSY], "UP_BUSY");
	for (int i = 1; i < IMAP_SAY_COUNT; i++)
		check_line(imap("tag", (enum imap_say)i), imap_say_name[i]);
	for (int i = 1; i < POP3_SAY_COUNT; i++)
		check_line(pop3((enum pop3_say)i), pop3_say_name[i]);
}

/* Each code to the letter. "Wrong password" is said by one reply and no other. */
static void codes_im19(void **state)
{
	static const struct {
		enum imap_say what;
		const char *begin;
	} rows[] = {
		{ IMAP_SAY_NEED_TLS, "t NO [PRIVACYREQUIRED] " },
		{ IMAP_SAY_AUTH_FAILED, "t NO [AUTHENTICATIONFAILED] " },
		{ IMAP_SAY_AUTH_LATER, "t NO [UNAVAILABLE] " }, { IMAP_SAY_UP_DOWN, "t NO [UNAVAILABLE] " },
		{ IMAP_SAY_UP_LOST, "t NO [UNAVAILABLE] " }, { IMAP_SAY_UP_TLS, "t NO [UNAVAILABLE] " },
		{ IMAP_SAY_UP_AUTH, "t NO [UNAVAILABLE] " }, { IMAP_SAY_UP_BUSY, "t NO [INUSE] " },
		{ IMAP_SAY_UP_AUTH_TEMP, "t NO [UNAVAILABLE] " }, { IMAP_SAY_UP_LIMIT, "t NO [LIMIT] " },
		{ IMAP_SAY_NO_SLOT, "t NO [UNAVAILABLE] " }, { IMAP_SAY_NO_ACCOUNT, "t NO [CONTACTADMIN] " },
		{ IMAP_SAY_AUTH_MECH, "t NO [CANNOT] " },
		{ IMAP_SAY_LITERAL_LONG, "t BAD [TOOBIG] " }, { IMAP_SAY_NOT_SIGNED_IN, "t BAD " },
		{ IMAP_SAY_AUTH_CANCELLED, "t BAD " },
		{ IMAP_SAY_STARTTLS_NOT_HERE, "t BAD " }, { IMAP_SAY_STARTTLS_ON_ALREADY, "t BAD " },
		{ IMAP_SAY_BYE_FULL, "* BYE [UNAVAILABLE] " }, { IMAP_SAY_BYE_TIMEOUT, "* BYE " },
		{ IMAP_SAY_LOGOUT_DONE, "t OK " }, { IMAP_SAY_LOGGED_IN, "t OK " },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_memory_equal(imap("t", rows[i].what), rows[i].begin, strlen(rows[i].begin));
	for (int i = 1; i < IMAP_SAY_COUNT; i++)
		assert_true((strstr(imap("t", (enum imap_say)i), "[AUTH") != NULL) ==
			(i == IMAP_SAY_AUTH_FAILED));
}

static void codes_po11(void **state)
{
	static const struct {
		enum pop3_say what;
		const char *begin;
	} rows[] = {
		{ POP3_SAY_NEED_TLS, "-ERR [SYS/PERM] " }, { POP3_SAY_AUTH_FAILED, "-ERR [AUTH] " },
		{ POP3_SAY_AUTH_LATER, "-ERR [SYS/TEMP] " }, { POP3_SAY_UP_DOWN, "-ERR [SYS/TEMP] " },
		{ POP3_SAY_UP_LOST, "-ERR [SYS/TEMP] " }, { POP3_SAY_UP_TLS, "-ERR [SYS/TEMP] " },
		{ POP3_SAY_UP_AUTH, "-ERR [SYS/TEMP] " }, { POP3_SAY_UP_BUSY, "-ERR [IN-USE] " },
		{ POP3_SAY_UP_AUTH_TEMP, "-ERR [SYS/TEMP] " }, { POP3_SAY_UP_LIMIT, "-ERR [SYS/TEMP] " },
		{ POP3_SAY_NO_SLOT, "-ERR [SYS/TEMP] " }, { POP3_SAY_NO_ACCOUNT, "-ERR [SYS/PERM] " },
		{ POP3_SAY_STOPPING, "-ERR [SYS/TEMP] " }, { POP3_SAY_USER_OK, "+OK " },
		{ POP3_SAY_LOGGED_IN, "+OK " }, { POP3_SAY_CAPA, "+OK " },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_memory_equal(pop3(rows[i].what), rows[i].begin, strlen(rows[i].begin));
	for (int i = 1; i < POP3_SAY_COUNT; i++)
		assert_true((strstr(pop3((enum pop3_say)i), "[AUTH") != NULL) ==
			(i == POP3_SAY_AUTH_FAILED || i == POP3_SAY_AUTH_EXPIRED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(imap_forms), cmocka_unit_test(pop3_forms),
		cmocka_unit_test(every_reply_is_a_line), cmocka_unit_test(codes_im19),
		cmocka_unit_test(codes_po11),
	};

	return cmocka_run_group_tests_name("imap and pop3 replies", tests, NULL, NULL);
}
