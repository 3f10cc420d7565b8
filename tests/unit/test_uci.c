/*
 * test_uci.c - UCI text: quoting, comments, line ends, line numbers, and what must be refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/uci.h"
#include "port.h"

static struct uci_reader reader;

static void wants(int kind, unsigned line, const char *name, const char *value)
{
	struct uci_item item;

	assert_int_equal(uci_next(&reader, &item), E_OK);
	assert_int_equal(item.kind, kind);
	assert_int_equal(item.line, line);
	assert_int_equal(item.name.len, strlen(name));
	assert_memory_equal(item.name.p, name, item.name.len);
	assert_int_equal(item.value.len, strlen(value));
	assert_memory_equal(item.value.p, value, item.value.len);
}

static void ends(void)
{
	struct uci_item item;

	assert_int_equal(uci_next(&reader, &item), E_EOF);
	assert_int_equal(uci_next(&reader, &item), E_EOF);
}

static void start(const char *text)
{
	uci_start(&reader, slice_str(text));
}

static void statements_and_lines(void **state)
{
	start("# comment\n\npackage mailwicket\nconfig gateway 'main'\n\toption hostname 'a.b' # why\n"
		"\tlist dns \"192.168.1.1\"\n\nconfig route\n  option account office\n");
	wants(UCI_CONFIG, 4, "gateway", "main");
	wants(UCI_OPTION, 5, "hostname", "a.b");
	wants(UCI_LIST, 6, "dns", "192.168.1.1");
	wants(UCI_CONFIG, 8, "route", "");
	wants(UCI_OPTION, 9, "account", "office");
	ends();
}

static void quoting(void **state)
{
	start("option a 'it'\\''s'\noption b \"a \\\"b\\\" \\\\ 'c'\"\noption c a\\ b\noption d 'x'\"y\"z\n"
		"option e ''\noption f \"\"\noption g '#no; comment\\'\noption h a#comment\noption i ' '\n");
	wants(UCI_OPTION, 1, "a", "it's");
	wants(UCI_OPTION, 2, "b", "a \"b\" \\ 'c'");
	wants(UCI_OPTION, 3, "c", "a b");
	wants(UCI_OPTION, 4, "d", "xyz");
	wants(UCI_OPTION, 5, "e", "");
	wants(UCI_OPTION, 6, "f", "");
	wants(UCI_OPTION, 7, "g", "#no; comment\\");
	wants(UCI_OPTION, 8, "h", "a");
	wants(UCI_OPTION, 9, "i", " ");
	ends();
}

static void short_keywords_and_quoted_names(void **state)
{
	start("p mailwicket\nc 'gateway' \"main\"\no 'log' stderr\nl dns '1.1.1.1'");
	wants(UCI_CONFIG, 2, "gateway", "main");
	wants(UCI_OPTION, 3, "log", "stderr");
	wants(UCI_LIST, 4, "dns", "1.1.1.1");
	ends();
}

static void crlf_and_no_last_line_end(void **state)
{
	start("config gateway 'main'\r\n\r\n\toption a 'b'\r\n\toption c d");
	wants(UCI_CONFIG, 1, "gateway", "main");
	wants(UCI_OPTION, 3, "a", "b");
	wants(UCI_OPTION, 4, "c", "d");
	ends();
}

/* A quoted value may go on over lines; the next statement's line is right all the same. */
static void value_over_lines(void **state)
{
	start("option a 'b\nc'\noption d e\n");
	wants(UCI_OPTION, 1, "a", "b\nc");
	wants(UCI_OPTION, 3, "d", "e");
	ends();
}

static void refuses(unsigned line, const char *why, const char *text, size_t len)
{
	struct uci_item item;
	int e;

	uci_start(&reader, slice_of(text, len));
	do {
		e = uci_next(&reader, &item);
	} while (e == E_OK);
	assert_int_equal(e, E_ARG);
	assert_string_equal(reader.why, why);
	assert_int_equal(item.line, line);
}

static void wrong_texts(void **state)
{
	static const struct {
		unsigned line;
		const char *why, *text;
	} cases[] = {
		{ 2, "a line begins with config, option or list", "config a b\nopt c d\n" },
		{ 1, "a line begins with config, option or list", "CONFIG a b\n" },
		{ 1, "a line begins with config, option or list", "''\n" },
		{ 2, "a quote is not closed", "\noption a 'b\noption c d\n" },
		{ 1, "a quote is not closed", "option a \"b\\\"" },
		{ 1, "a quote is not closed", "option a \"b\\" },
		{ 1, "the type of the section is missing", "config\n" },
		{ 1, "the name of the option is missing", "option   # nothing\n" },
		{ 1, "the name of the option is missing", "list ''\n" },
		{ 3, "the value is missing; an empty one is ''", "\n\noption a\n" },
		{ 1, "a value with blanks must stand in quotes", "option a b c\n" },
		{ 1, "';' must stand in quotes", "option a b;c\n" },
		{ 1, "nothing stands behind the backslash", "option a b\\\n" },
	};
	char text[UCI_VALUE_MAX + 64];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		refuses(cases[i].line, cases[i].why, cases[i].text, strlen(cases[i].text));
	refuses(1, "a NUL byte", "option a 'b\0c'\n", 15);
	memset(text, 'x', sizeof text);
	memcpy(text, "option a ", 9);
	refuses(1, "the value is too long", text, sizeof text);
	refuses(1, "the value is too long", text, 9 + UCI_VALUE_MAX + 1);
	memset(text, 'x', 16);
	memcpy(text, "config ", 7);
	refuses(1, "the name is too long", text, 7 + UCI_NAME_MAX + 1);
}

static void longest_value_is_taken(void **state)
{
	char text[9 + UCI_VALUE_MAX];
	struct uci_item item;

	memset(text, 'x', sizeof text);
	memcpy(text, "option a ", 9);
	uci_start(&reader, slice_of(text, sizeof text));
	assert_int_equal(uci_next(&reader, &item), E_OK);
	assert_int_equal(item.value.len, UCI_VALUE_MAX);
}

/* What uci_quote() writes is read back unchanged, whatever the bytes. */
static void quote_round_trip(void **state)
{
	char value[256], text[2000];

	for (size_t len = 0; len < 255; len++) {
		struct fmt f = fmt_on(text, sizeof text);
		struct uci_item item;

		for (size_t i = 0; i < len; i++)
			value[i] = (char)(i * 7 + len + 1) != 0 ? (char)(i * 7 + len + 1) : '\'';
		fmt_str(&f, "option a ");
		uci_quote(slice_of(value, len), &f);
		assert_false(f.over);
		uci_start(&reader, fmt_result(&f));
		assert_int_equal(uci_next(&reader, &item), E_OK);
		assert_int_equal(item.value.len, len);
		assert_memory_equal(item.value.p, value, len);
	}
}

/* Secrets don't stay behind in the reader. */
static void end_wipes(void **state)
{
	struct uci_item item;

	start("option password 'canary'\n");
	assert_int_equal(uci_next(&reader, &item), E_OK);
	uci_end(&reader);
	for (size_t i = 0; i + 6 < sizeof reader; i++)
		assert_memory_not_equal((const char *)&reader + i, "canary", 6);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(statements_and_lines),
		cmocka_unit_test(quoting),
		cmocka_unit_test(short_keywords_and_quoted_names),
		cmocka_unit_test(crlf_and_no_last_line_end),
		cmocka_unit_test(value_over_lines),
		cmocka_unit_test(wrong_texts),
		cmocka_unit_test(longest_value_is_taken),
		cmocka_unit_test(quote_round_trip),
		cmocka_unit_test(end_wipes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
