/*
 * test_pop3_server.c - POP3 commands before sign-in, and what CAPA says then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/pop3_server.h"
#include "proto/sasl.h"

struct row {
	const char *line;
	size_t len;
	enum pop3_say say;
	enum pop3_verb verb;
	const char *arg;
};
#define R(line, say, verb, arg) { line, sizeof line - 1, POP3_SAY_##say, POP3_##verb, arg }
#define TRY(rows) try_rows(rows, sizeof rows / sizeof rows[0])

static void try_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct pop3_command c;
		enum pop3_say say;

		memset(&c, 0xa5, sizeof c);
		say = pop3_command_parse(slice_of(rows[i].line, rows[i].len), &c);
		if (say != rows[i].say || c.verb != rows[i].verb)
			print_error("%s: %s %s\n", rows[i].line, pop3_say_name[say], pop3_verb_name[c.verb]);
		assert_int_equal(say, rows[i].say);
		assert_int_equal(c.verb, rows[i].verb);
		assert_true(slice_eq(c.arg, slice_str(rows[i].arg)));
	}
}

static void commands_po06(void **state)
{
	static const struct row rows[] = {
		R("CAPA", NOTHING, CAPA, ""), R("capa", NOTHING, CAPA, ""), R("CAPA ", NOTHING, CAPA, ""),
		R("Quit", NOTHING, QUIT, ""), R("NOOP", NOTHING, NOOP, ""), R("STLS", NOTHING, STLS, ""),
		R("QUIT now", NO_ARGUMENT, QUIT, ""), R("STLS x", NO_ARGUMENT, STLS, ""),
		R("CAPA x", NO_ARGUMENT, CAPA, ""), R("NOOP x", NO_ARGUMENT, NOOP, ""),
		R("AUTH", NOTHING, AUTH, ""), R("AUTH ", NOTHING, AUTH, ""),
		R("auth PLAIN", NOTHING, AUTH, "PLAIN"), R("AUTH PLAIN =", NOTHING, AUTH, "PLAIN ="),
		R("AUTH PLAIN AHQAcA== ", NOTHING, AUTH, "PLAIN AHQAcA=="),
		R("USER joe", NOTHING, USER, "joe"), R("user joe@d.e ", NOTHING, USER, "joe@d.e"),
		R("USER  joe", NOTHING, USER, "joe"), R("USER a b", NOTHING, USER, "a b"),
		R("USER recent:joe@d.e", NOTHING, USER, "recent:joe@d.e"),
		R("USER", ARGUMENT, USER, ""), R("USER ", ARGUMENT, USER, ""),
		R("USER  ", ARGUMENT, USER, ""),
	};

	TRY(rows);
}

static void commands_that_are_none_po10(void **state)
{
	static const struct row rows[] = {
		R("", UNKNOWN, UNKNOWN, ""), R(" ", UNKNOWN, UNKNOWN, ""), R(" QUIT", UNKNOWN, UNKNOWN, ""),
		R("XYZZY", UNKNOWN, UNKNOWN, ""), R("QUITX", UNKNOWN, UNKNOWN, ""),
		R("QUI", UNKNOWN, UNKNOWN, ""), R("USER\tjoe", UNKNOWN, UNKNOWN, ""),
		R("later", UNKNOWN, UNKNOWN, ""), R("unknown", UNKNOWN, UNKNOWN, ""),
		R("STAT", NOT_SIGNED_IN, LATER, ""), R("list 1", NOT_SIGNED_IN, LATER, ""),
		R("RETR 1", NOT_SIGNED_IN, LATER, ""), R("DELE 1", NOT_SIGNED_IN, LATER, ""),
		R("RSET", NOT_SIGNED_IN, LATER, ""), R("TOP 1 0", NOT_SIGNED_IN, LATER, ""),
		R("UIDL", NOT_SIGNED_IN, LATER, ""), R("LAST", NOT_SIGNED_IN, LATER, ""),
		R("LANG en", NOT_SIGNED_IN, LATER, ""), R("UTF8", NOT_SIGNED_IN, LATER, ""),
		R("APOP joe c4c9334bac560ecc979e58001b3e22fb", NO_APOP, LATER, ""),
		R("apop", NO_APOP, LATER, ""),
	};

	TRY(rows);
}

static void passwords_po13(void **state)
{
	static const struct row rows[] = {
		R("PASS secret", NOTHING, PASS, "secret"), R("pass  a b  ", NOTHING, PASS, " a b  "),
		R("PASS \tx\t", NOTHING, PASS, "\tx\t"), R("PASS  ", NOTHING, PASS, " "),
		R("PASS p\xc3\xa4ss\xff ", NOTHING, PASS, "p\xc3\xa4ss\xff "),
		R("PASS", ARGUMENT, PASS, ""), R("PASS ", ARGUMENT, PASS, ""),
	};

	TRY(rows);
}

static void nul_is_refused(void **state)
{
	static const struct row rows[] = {
		R("PASS a\0b", SYNTAX, PASS, ""), R("USER a\0", SYNTAX, USER, ""),
		R("QUIT\0", SYNTAX, UNKNOWN, ""), R("\0", SYNTAX, UNKNOWN, ""),
		R("AUTH PLAIN \0", SYNTAX, AUTH, ""), R("STAT \0", SYNTAX, LATER, ""),
	};

	TRY(rows);
}

/* 255 octets with CRLF; AUTH and PASS may be longer. */
static void long_commands_po12(void **state)
{
	static const struct {
		const char *begin;
		enum pop3_say fits, over;
	} rows[] = {
		{ "USER ", POP3_SAY_NOTHING, POP3_SAY_COMMAND_LONG },
		{ "XYZZY ", POP3_SAY_UNKNOWN, POP3_SAY_COMMAND_LONG },
		{ "RETR ", POP3_SAY_NOT_SIGNED_IN, POP3_SAY_COMMAND_LONG },
		{ "QUIT ", POP3_SAY_NO_ARGUMENT, POP3_SAY_COMMAND_LONG },
		{ "PASS ", POP3_SAY_NOTHING, POP3_SAY_NOTHING },
		{ "AUTH PLAIN ", POP3_SAY_NOTHING, POP3_SAY_NOTHING },
	};
	char line[2100];
	struct pop3_command c;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		memset(line, 'x', sizeof line);
		memcpy(line, rows[i].begin, strlen(rows[i].begin));
		assert_int_equal(pop3_command_parse(slice_of(line, 253), &c), rows[i].fits);
		assert_int_equal(pop3_command_parse(slice_of(line, 254), &c), rows[i].over);
		assert_int_equal(pop3_command_parse(slice_of(line, sizeof line), &c), rows[i].over);
		assert_int_equal(c.arg.len, rows[i].over == POP3_SAY_NOTHING ? sizeof line - 5 : 0);
	}
}

static void capabilities_po01(void **state)
{
#define FIXED "TOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n"
	static const struct {
		bool stls, user;
		unsigned mechs;
		const char *want;
	} rows[] = {
		{ false, true, 3, FIXED "USER\r\nSASL PLAIN LOGIN\r\n" },
		{ true, true, 15, FIXED "STLS\r\nUSER\r\nSASL PLAIN LOGIN CRAM-MD5\r\n" },
		{ true, false, 7, FIXED "STLS\r\nSASL CRAM-MD5\r\n" },
		{ false, true, 1, FIXED "USER\r\nSASL PLAIN\r\n" },
		{ true, false, 3, FIXED "STLS\r\n" }, { false, true, 0, FIXED "USER\r\n" },
		{ false, false, ~7u, FIXED },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[200];
		struct fmt f = fmt_on(text, sizeof text);

		pop3_capability_put(&f, rows[i].stls, rows[i].user, rows[i].mechs);
		assert_string_equal(fmt_cstr(&f), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_po06), cmocka_unit_test(commands_that_are_none_po10),
		cmocka_unit_test(passwords_po13), cmocka_unit_test(nul_is_refused),
		cmocka_unit_test(long_commands_po12), cmocka_unit_test(capabilities_po01),
	};

	return cmocka_run_group_tests_name("pop3 server", tests, NULL, NULL);
}
