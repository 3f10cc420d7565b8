/*
 * test_imap_server.c - IMAP commands before sign-in: a stream of octets goes through a small driver
 * and comes out as a trace. Each row is tried in one piece, octet by octet, and cut in two at each
 * place; all give the same trace.
 *
 * Trace: `tag VERB(arg,arg)` a good command, `tag VERB!TROUBLE` a refused one, `+` a literal asked
 * for, `#` the end of the connection; octets that aren't printable as %xx.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "proto/imap_server.h"
#include "proto/imap_syntax.h"
#include "proto/sasl.h"

static struct {
	struct imap_command c;
	uint8_t line[8192];
	size_t line_len;
	bool closed;
	enum imap_say refuse_login;
	char trace[8192];
	struct fmt out;
} d;

static void drive_start(enum imap_say refuse_login)
{
	d.line_len = 0;
	d.closed = false;
	d.refuse_login = refuse_login;
	d.out = fmt_on(d.trace, sizeof d.trace - 1);
	memset(&d.c, 0xa5, sizeof d.c);
	imap_command_start(&d.c);
	d.c.refuse_login = (uint8_t)refuse_login;
}

static void trace_arg(struct slice arg)
{
	for (size_t i = 0; i < arg.len; i++)
		if (arg.p[i] > ' ' && arg.p[i] < 0x7f && arg.p[i] != '%')
			fmt_char(&d.out, (char)arg.p[i]);
		else
			fmt_printf(&d.out, "%%%02x", (unsigned)arg.p[i]);
}

/* No octet of a refused command is left (IM-03). */
static void check_wiped(void)
{
	for (size_t i = 0; i < sizeof d.c.text; i++)
		assert_int_equal(d.c.text[i], 0);
	assert_int_equal(d.c.args + d.c.arg_len[0] + d.c.arg_len[1] + d.c.used, 0);
}

static void trace_command(void)
{
	fmt_printf(&d.out, "%s%s %s", d.out.len > 0 ? " " : "", d.c.tag, imap_verb_name[d.c.verb]);
	if (d.c.trouble != IMAP_SAY_NOTHING) {
		fmt_printf(&d.out, "!%s", imap_say_name[d.c.trouble]);
		check_wiped();
	}
	for (unsigned i = 0; i < d.c.args; i++) {
		fmt_char(&d.out, i == 0 ? '(' : ',');
		trace_arg(imap_command_arg(&d.c, i));
	}
	if (d.c.args > 0)
		fmt_char(&d.out, ')');
	assert_int_equal(imap_command_arg(&d.c, d.c.args).len, 0);
}

/* The line, ending where its memory ends, so that the sanitizer sees who reads on. */
static struct slice line_at_the_edge(void)
{
	static uint8_t edge[sizeof d.line];
	size_t len = d.line_len;

	if (len > 0 && d.line[len - 1] == '\r')
		len--;
	memcpy(edge + sizeof edge - len, d.line, len);
	return slice_of(edge + sizeof edge - len, len);
}

static void drive_line(void)
{
	struct slice line = line_at_the_edge();
	int e;

	d.line_len = 0;
	e = imap_command_line(&d.c, line);
	if (e == E_OK) {
		assert_false(d.c.ask);
		trace_command();
		assert_int_equal(imap_command_line(&d.c, line), E_PROTO);
		imap_command_start(&d.c);
		d.c.refuse_login = (uint8_t)d.refuse_login;
	} else if (e == E_MORE) {
		if (d.c.ask)
			fmt_str(&d.out, d.out.len > 0 ? " +" : "+");
		if (d.c.literal_left > 0)
			assert_int_equal(imap_command_line(&d.c, line), E_PROTO);
	} else {
		assert_int_equal(e, E_PROTO);
		assert_int_equal(d.c.trouble, IMAP_SAY_BYE_TOO_LONG);
		check_wiped();
		fmt_str(&d.out, d.out.len > 0 ? " #" : "#");
		d.closed = true;
	}
}

static void drive(const uint8_t *p, size_t len)
{
	while (len > 0 && !d.closed) {
		size_t n = 1;

		if (d.c.literal_left > 0) {
			n = imap_command_literal(&d.c, slice_of(p, len));
			assert_true(n > 0 && n <= len && !d.c.ask);
		} else if (*p == '\n') {
			drive_line();
		} else {
			assert_true(d.line_len < sizeof d.line);
			d.line[d.line_len++] = *p;
		}
		p += n;
		len -= n;
	}
}

static void expect(const char *want)
{
	const char *got = fmt_cstr(&d.out);

	if (strcmp(got, want) != 0)
		print_error("got  %s\nwant %s\n", got, want);
	assert_string_equal(got, want);
}

/* `all` places to cut at, or only some for long ones. */
static void try_all(enum imap_say refuse_login, const void *in, size_t len, const char *want)
{
	const uint8_t *p = in;

	drive_start(refuse_login);
	drive(p, len);
	expect(want);
	drive_start(refuse_login);
	for (size_t i = 0; i < len; i++)
		drive(p + i, 1);
	expect(want);
	for (size_t cut = 1; cut < len; cut += len > 400 ? 97 : 1) {
		drive_start(refuse_login);
		drive(p, cut);
		drive(p + cut, len - cut);
		expect(want);
	}
}

struct row {
	const char *in;
	size_t len;
	const char *want;
};
#define R(in, want) { in, sizeof in - 1, want }
#define TRY(rows) try_rows(rows, sizeof rows / sizeof rows[0])

static void try_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		try_all(IMAP_SAY_NOTHING, rows[i].in, rows[i].len, rows[i].want);
}

/* ---- rows ---- */

static void verbs_im01(void **state)
{
	static const struct row rows[] = {
		R("a1 CAPABILITY\r\nA2 noop\na3 LogOut\r\n", "a1 CAPABILITY A2 NOOP a3 LOGOUT"),
		R("a STARTTLS\r\n", "a STARTTLS"),
		R("a NOOP \r\n", "a NOOP"),
		R("a  NOOP\r\n", "a NOOP"),
		R("a NOOP x\r\n", "a NOOP!SYNTAX"),
		R("a NOOP\tx\r\n", "a unknown!UNKNOWN"),
		R("a STARTTLS now\r\n", "a STARTTLS!SYNTAX"),
		R("a LOGOUT \"\"\r\n", "a LOGOUT!SYNTAX"),
		R("a\r\n", "a unknown!SYNTAX"),
		R("a \r\n", "a unknown!SYNTAX"),
		R("a X\r\nb +\r\n", "a unknown!UNKNOWN b unknown!UNKNOWN"),
		R("a XYZZY\r\nb SELEC x\r\n", "a unknown!UNKNOWN b unknown!UNKNOWN"),
		R("a later\r\nb unknown\r\n", "a unknown!UNKNOWN b unknown!UNKNOWN"),
		R("a select INBOX\r\nb UID FETCH 1 (FLAGS)\r\n",
			"a later!NOT_SIGNED_IN b later!NOT_SIGNED_IN"),
		R("a IDLE\r\nDONE\r\n", "a later!NOT_SIGNED_IN DONE unknown!SYNTAX"),
	};

	TRY(rows);
}

static void every_later_command_im05(void **state)
{
	static const char *const names[] = { "select", "EXAMINE", "CREATE", "DELETE", "RENAME",
		"SUBSCRIBE", "UNSUBSCRIBE", "LIST", "LSUB", "STATUS", "APPEND", "ENABLE", "IDLE",
		"NAMESPACE", "CHECK", "CLOSE", "UNSELECT", "EXPUNGE", "SEARCH", "FETCH", "STORE", "COPY",
		"MOVE", "UID", "SORT", "THREAD", "GETQUOTA", "GETACL", "COMPRESS", "NOTIFY", "REPLACE",
		"UNAUTHENTICATE", "GETMETADATA" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char in[64];
		int n = snprintf(in, sizeof in, "t %s a b\r\nu NOOP\r\n", names[i]);

		try_all(IMAP_SAY_NOTHING, in, (size_t)n, "t later!NOT_SIGNED_IN u NOOP");
	}
}

static void tags_im01(void **state)
{
	static const struct row rows[] = {
		R("A.b-1]~!#$&'/:;<=>?@[^_`|} NOOP\r\n", "A.b-1]~!#$&'/:;<=>?@[^_`|} NOOP"),
		R(" NOOP\r\n", " unknown!BAD_TAG"), R("\r\n", " unknown!BAD_TAG"),
		R("+ NOOP\r\n", " unknown!BAD_TAG"), R("a+ NOOP\r\n", " unknown!BAD_TAG"),
		R("* NOOP\r\n", " unknown!BAD_TAG"), R("a* NOOP\r\n", " unknown!BAD_TAG"),
		R("a( NOOP\r\n", " unknown!BAD_TAG"), R("a) NOOP\r\n", " unknown!BAD_TAG"),
		R("a{ NOOP\r\n", " unknown!BAD_TAG"), R("a% NOOP\r\n", " unknown!BAD_TAG"),
		R("a\" NOOP\r\n", " unknown!BAD_TAG"), R("a\\ NOOP\r\n", " unknown!BAD_TAG"),
		R("a\t NOOP\r\n", " unknown!BAD_TAG"), R("a\x7f NOOP\r\n", " unknown!BAD_TAG"),
		R("\xc3\xa4 NOOP\r\n", " unknown!BAD_TAG"), R("a\0b NOOP\r\n", " unknown!BAD_TAG"),
		R("a\rb NOOP\r\n", " unknown!BAD_TAG"),
		R("+ LOGIN {3+}\r\nabc\r\nb NOOP\r\n", " unknown!BAD_TAG b NOOP"),
	};
	char in[100], want[100];

	TRY(rows);
	for (int n = 63; n <= 65; n++) {
		memset(in, 't', sizeof in);
		memcpy(in + n, " NOOP\r\n", 7);
		(void)snprintf(want, sizeof want, n > IMAP_TAG_MAX ? " unknown!BAD_TAG" : "%.*s NOOP", n,
			in);
		try_all(IMAP_SAY_NOTHING, in, (size_t)n + 7, want);
	}
}

static void login_im09(void **state)
{
	static const struct row rows[] = {
		R("a LOGIN joe pw\r\n", "a LOGIN(joe,pw)"), R("a LOGIN j p\r\n", "a LOGIN(j,p)"),
		R("a login  joe  pw \r\n", "a LOGIN(joe,pw)"),
		R("a LOGIN \"j e\" \"p\\\"w\\\\\"\r\n", "a LOGIN(j%20e,p\"w\\)"),
		R("a LOGIN \"\" \"\"\r\n", "a LOGIN(,)"),
		R("a LOGIN joe] +pw~\r\n", "a LOGIN(joe],+pw~)"),
		R("a LOGIN joe@d.e \"p\xc3\xa4ss\"\r\n", "a LOGIN(joe@d.e,p%c3%a4ss)"),
		R("a LOGIN joe \"{5}\"\r\n", "a LOGIN(joe,{5})"),
		R("a LOGIN recent:joe@d.e NIL\r\n", "a LOGIN(recent:joe@d.e,NIL)"),
		R("a LOGIN\r\n", "a LOGIN!SYNTAX"), R("a LOGIN joe\r\n", "a LOGIN!SYNTAX"),
		R("a LOGIN joe pw x\r\n", "a LOGIN!SYNTAX"), R("a LOGIN joe pw \"\"\r\n", "a LOGIN!SYNTAX"),
		R("a LOGIN \"joe\"\"pw\"\r\n", "a LOGIN!SYNTAX"),
		R("a LOGIN joe\"pw\"\r\n", "a LOGIN!SYNTAX"), R("a LOGIN \"joe\"pw\r\n", "a LOGIN!SYNTAX"),
		R("a LOGIN joe \"pw\r\n", "a LOGIN!SYNTAX"), R("a LOGIN joe \"pw\\\"\r\n", "a LOGIN!SYNTAX"),
		R("a LOGIN joe \"p\\w\"\r\n", "a LOGIN!SYNTAX"), R("a LOGIN joe \"p\rw\"\r\n",
			"a LOGIN!SYNTAX"),
		R("a LOGIN joe \"\\\r\n", "a LOGIN!SYNTAX"), R("a LOGIN joe \"\r\n", "a LOGIN!SYNTAX"),
		R("a LOGIN joe p\\w\r\n", "a LOGIN!SYNTAX"), R("a LOGIN joe p(w\r\n", "a LOGIN!SYNTAX"),
		R("a LOGIN joe p%w\r\n", "a LOGIN!SYNTAX"), R("a LOGIN joe p*w\r\n", "a LOGIN!SYNTAX"),
		R("a LOGIN joe p)w\r\n", "a LOGIN!SYNTAX"), R("a LOGIN joe p{w\r\n", "a LOGIN!SYNTAX"),
		R("a LOGIN joe p\xc3\xa4w\r\n", "a LOGIN!SYNTAX"),
		R("a LOGIN joe p\0w\r\n", "a LOGIN!SYNTAX"), R("a LOGIN joe \"p\0w\"\r\n", "a LOGIN!SYNTAX"),
		R("a LOGIN\tjoe pw\r\n", "a unknown!UNKNOWN"), R("a LOGIN joe\tpw x\r\n", "a LOGIN!SYNTAX"),
	};

	TRY(rows);
}

static void login_literals_im10(void **state)
{
	static const struct row rows[] = {
		R("a LOGIN {3}\r\njoe {2}\r\npw\r\nb NOOP\r\n", "+ + a LOGIN(joe,pw) b NOOP"),
		R("a LOGIN {3+}\r\njoe {2+}\r\npw\r\nb NOOP\r\n", "a LOGIN(joe,pw) b NOOP"),
		R("a LOGIN {3+}\njoe {2+}\npw\n", "a LOGIN(joe,pw)"),
		R("a LOGIN {3}\r\njoe pw\r\n", "+ a LOGIN(joe,pw)"),
		R("a LOGIN {1}\r\nj {1+}\r\np\r\n", "+ a LOGIN(j,p)"),
		R("a LOGIN {3+}\r\njoe \"p w\" \r\n", "a LOGIN(joe,p%20w)"),
		R("a LOGIN joe {2}\r\npw\r\n", "+ a LOGIN(joe,pw)"),
		R("a LOGIN \"joe\" {2+}\r\npw \r\n", "a LOGIN(joe,pw)"),
		R("a LOGIN {8+}\r\nj\r\nb {5} {4+}\r\n\xff\n\"\\\r\nb NOOP\r\n",
			"a LOGIN(j%0d%0ab%20{5},%ff%0a\"\\) b NOOP"),
		R("a LOGIN {0}\r\n {0+}\r\n\r\nb NOOP\r\n", "+ a LOGIN(,) b NOOP"),
		R("a LOGIN {0+}\r\n {0}\r\n \r\n", "+ a LOGIN(,)"),
		R("a LOGIN {00}\r\n {0002+}\r\npw\r\n", "+ a LOGIN(,pw)"),
		R("a LOGIN {00000000000000000000000003}\r\njoe pw\r\n", "+ a LOGIN(joe,pw)"),
		R("a LOGIN {3}\r\njoe\r\nb NOOP\r\n", "+ a LOGIN!SYNTAX b NOOP"),
		R("a LOGIN {3+}\r\njoepw\r\nb NOOP\r\n", "a LOGIN!SYNTAX b NOOP"),
		R("a LOGIN {3+}\r\njoe{2+}\r\npw\r\nb NOOP\r\n", "a LOGIN!SYNTAX b NOOP"),
		R("a LOGIN joe pw {3}\r\nb NOOP\r\n", "a LOGIN!SYNTAX b NOOP"),
		R("a LOGIN joe pw {3+}\r\nabc\r\nb NOOP\r\n", "a LOGIN!SYNTAX b NOOP"),
		R("a LOGIN joe {2+}\r\npw {3+}\r\nabc\r\nb NOOP\r\n", "a LOGIN!SYNTAX b NOOP"),
		R("a LOGIN joe {2+}\r\npw x\r\nb NOOP\r\n", "a LOGIN!SYNTAX b NOOP"),
		R("a LOGIN joe {3+}\r\np\0w\r\nb NOOP\r\n", "a LOGIN!SYNTAX b NOOP"),
		R("a LOGIN {3+}\r\nj\0e {2+}\r\npw\r\nb NOOP\r\n", "a LOGIN!SYNTAX b NOOP"),
		R("a LOGIN {3+}\r\nj\0e {2}\r\nb NOOP\r\n", "a LOGIN!SYNTAX b NOOP"),
		R("a LOGIN{3}\r\nb NOOP\r\n", "a LOGIN!SYNTAX b NOOP"),
		R("a LOGIN joe{3}\r\nb NOOP\r\n", "a LOGIN!SYNTAX b NOOP"),
		R("a LOGIN ~{3}\r\nb NOOP\r\n", "a LOGIN!SYNTAX b NOOP"),
		R("a LOGIN ~{3+}\r\njoe pw\r\nb NOOP\r\n", "a LOGIN!SYNTAX b NOOP"),
	};

	TRY(rows);
}

static void literals_that_are_none_a08(void **state)
{
	static const char *const forms[] = { "{}", "{+}", "{-1}", "{+1}", "{ 3}", "{3 }", "{3++}",
		"{3+ }", "{3-}", "{0x3}", "{3", "{3}x", "{3} ", "{3+} ", "{{3}x", "{3,4}", "\"{3}",
		"\"a {3+}", "\"a\\\" {3+}" };

	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		char in[100];
		int n = snprintf(in, sizeof in, "a LOGIN joe %s\r\nb NOOP\r\nc NOOP\r\n", forms[i]);

		try_all(IMAP_SAY_NOTHING, in, (size_t)n, "a LOGIN!SYNTAX b NOOP c NOOP");
	}
}

static void literals_beyond_the_cap_a08(void **state)
{
	static const struct row rows[] = {
		R("a LOGIN {1025}\r\nb NOOP\r\n", "a LOGIN!LITERAL_LONG b NOOP"),
		R("a LOGIN {999999999}\r\nb NOOP\r\n", "a LOGIN!LITERAL_LONG b NOOP"),
		R("a LOGIN {4294967295}\r\nb NOOP\r\n", "a LOGIN!LITERAL_LONG b NOOP"),
		R("a LOGIN {4294967296}\r\nb NOOP\r\n", "a LOGIN!LITERAL_LONG b NOOP"),
		R("a LOGIN {4294967299}\r\nb NOOP\r\n", "a LOGIN!LITERAL_LONG b NOOP"),
		R("a LOGIN {18446744073709551619}\r\nb NOOP\r\n", "a LOGIN!LITERAL_LONG b NOOP"),
		R("a LOGIN {99999999999999999999999999}\r\nb NOOP\r\n", "a LOGIN!LITERAL_LONG b NOOP"),
		R("a LOGIN joe {1025}\r\nb NOOP\r\n", "a LOGIN!LITERAL_LONG b NOOP"),
		R("a LOGIN {16385+}\r\nb NOOP\r\n", "#"), R("a LOGIN {4294967296+}\r\nb NOOP\r\n", "#"),
		R("a LOGIN {18446744073709551619+}\r\nb NOOP\r\n", "#"),
		R("a NOOP\r\nb APPEND x {99999999+}\r\nc NOOP\r\n", "a NOOP #"),
		R("a NOOP {5}\r\nb NOOP\r\n", "a NOOP!SYNTAX b NOOP"),
		R("a NOOP {5+}\r\nx\r\ny\r\r\nb NOOP\r\n", "a NOOP!SYNTAX b NOOP"),
		R("a STARTTLS {8+}\r\nb NOOP\r\n\r\nc NOOP\r\n", "a STARTTLS!SYNTAX c NOOP"),
		R("a APPEND x {310}\r\nb NOOP\r\n", "a later!NOT_SIGNED_IN b NOOP"),
		R("a APPEND x {8+}\r\nb NOOP\r\n {3+}\r\nabc)\r\nc NOOP\r\n",
			"a later!NOT_SIGNED_IN c NOOP"),
		R("a XYZZY {8+}\r\nb NOOP\r\n\r\nc NOOP\r\n", "a unknown!UNKNOWN c NOOP"),
		R("a {8+}\r\nb NOOP\r\n\r\nc NOOP\r\n", "a unknown!SYNTAX c NOOP"),
		R("{8+}\r\nb NOOP\r\n\r\nc NOOP\r\n", " unknown!BAD_TAG c NOOP"),
		R("{8}\r\nb NOOP\r\n", " unknown!BAD_TAG b NOOP"),
	};

	TRY(rows);
}

/* LOGIN joe {n+} with n octets, then NOOP. */
static void try_size(unsigned n, const char *want)
{
	static char in[20000];
	int head = snprintf(in, sizeof in, "a LOGIN joe {%u+}\r\n", n);

	memset(in + head, 'p', n);
	memcpy(in + head + n, "\r\nb NOOP\r\n", 10);
	try_all(IMAP_SAY_NOTHING, in, (size_t)head + n + 10, want);
}

static void sizes_of_literals_im15(void **state)
{
	char want[1200];
	struct fmt f = fmt_on(want, sizeof want - 1);

	fmt_str(&f, "a LOGIN(joe,");
	for (int i = 0; i < IMAP_LITERAL_MAX; i++)
		fmt_char(&f, 'p');
	fmt_str(&f, ") b NOOP");
	try_size(IMAP_LITERAL_MAX, fmt_cstr(&f));
	try_size(IMAP_LITERAL_MAX + 1, "a LOGIN!LITERAL_LONG b NOOP");
	try_size(4096, "a LOGIN!LITERAL_LONG b NOOP");
	try_size(IMAP_DROP_MAX, "a LOGIN!LITERAL_LONG b NOOP");
	try_size(IMAP_DROP_MAX + 1, "#");
}

/* What is thrown away is counted over the whole command, and begins anew with the next. */
static void budget_of_a_command_im16(void **state)
{
	static char in[60000];
	struct fmt f = fmt_on(in, sizeof in);

	for (int command = 0; command < 2; command++) {
		fmt_str(&f, "a APPEND x");
		for (int i = 0; i < 4; i++) {
			fmt_printf(&f, " {%d+}\r\n", IMAP_DROP_MAX / 4);
			for (int k = 0; k < IMAP_DROP_MAX / 4; k++)
				fmt_char(&f, '\n');
		}
		fmt_str(&f, "\r\n");
	}
	fmt_str(&f, "b NOOP\r\n");
	try_all(IMAP_SAY_NOTHING, in, f.len,
		"a later!NOT_SIGNED_IN a later!NOT_SIGNED_IN b NOOP");
	f.len -= 8 + 2;
	fmt_str(&f, " {1+}\r\nx\r\nb NOOP\r\n");
	try_all(IMAP_SAY_NOTHING, in, f.len, "a later!NOT_SIGNED_IN #");
}

static void number_of_literals_im16(void **state)
{
	static char in[2000];

	for (int over = 0; over < 2; over++) {
		struct fmt f = fmt_on(in, sizeof in);

		fmt_str(&f, "a ID (");
		for (int i = 0; i < IMAP_LITERALS_MAX + over; i++)
			fmt_str(&f, "{0+}\r\n ");
		fmt_str(&f, ")\r\n");
		try_all(IMAP_SAY_NOTHING, in, f.len, over ? "#" : "a ID");
	}
}

/* The same budgets where the client waits: answered, and nothing more is taken. */
static void budgets_of_asked_literals_im16(void **state)
{
	static char in[40000];
	struct fmt f = fmt_on(in, sizeof in - 1);

	fmt_str(&f, "a ID (");
	for (int i = 0; i < IMAP_DROP_MAX / IMAP_LITERAL_MAX; i++) {
		fmt_printf(&f, "{%d}\r\n", IMAP_LITERAL_MAX);
		for (int k = 0; k < IMAP_LITERAL_MAX; k++)
			fmt_char(&f, '(');
		fmt_char(&f, ' ');
	}
	fmt_str(&f, "{1}\r\nb NOOP\r\n");
	try_all(IMAP_SAY_NOTHING, in, f.len, "+ + + + + + + + + + + + + + + + a ID!LITERAL_LONG b NOOP");
	f.len = 0;
	fmt_str(&f, "a ID (");
	for (int i = 0; i < IMAP_LITERALS_MAX; i++)
		fmt_str(&f, "{0+}\r\n ");
	fmt_str(&f, "{0}\r\nb NOOP\r\n");
	try_all(IMAP_SAY_NOTHING, in, f.len, "a ID!LITERAL_LONG b NOOP");
}

/* The scanners by themselves, at both edges of their memory. */
static void scanners_a08(void **state)
{
	static const struct {
		const char *text;
		size_t astring, at;
		uint32_t size;
		bool there, unasked;
	} rows[] = {
		{ "", 0, 0, 0, false, false }, { "}", 1, 1, 0, false, false },
		{ "3}", 2, 2, 0, false, false }, { "{3}", 0, 0, 3, true, false },
		{ "33}", 3, 3, 0, false, false }, { "3+}", 3, 3, 0, false, false },
		{ "abc", 3, 3, 0, false, false }, { "a {12+}", 1, 2, 12, true, true },
		{ "{}", 0, 2, 0, false, false }, { "{+}", 0, 3, 0, false, false },
		{ "\"", 0, 1, 0, false, false }, { "\"\"", 2, 2, 0, false, false },
		{ "\"\\", 0, 2, 0, false, false }, { "\"\\\"", 0, 3, 0, false, false },
		{ "\"\\x\"", 0, 4, 0, false, false }, { "\"a\r\"", 0, 4, 0, false, false },
		{ "\"a\\\\\"{1}", 5, 5, 1, true, false }, { "\"{1}", 0, 4, 0, false, false },
		{ "\\\"{1}", 0, 5, 0, false, false }, { "\\\"\"{1}", 0, 3, 1, true, false },
		{ "{4294967295}", 0, 0, UINT32_MAX, true, false },
		{ "{4294967296+}", 0, 0, UINT32_MAX, true, true },
	};
	static uint8_t left[16], right[16];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t len = strlen(rows[i].text);
		struct slice at[2] = { { left, len }, { right + sizeof right - len, len } };

		memcpy(left, rows[i].text, len);
		memcpy(right + sizeof right - len, rows[i].text, len);
		for (int k = 0; k < 2; k++) {
			struct imap_literal l = imap_literal_find(at[k]);

			assert_int_equal(imap_astring_len(at[k]), rows[i].astring);
			assert_int_equal(l.there, rows[i].there);
			assert_int_equal(l.unasked, rows[i].unasked);
			assert_int_equal(l.size, rows[i].size);
			assert_int_equal(l.at, rows[i].at);
		}
	}
}

/* Arguments that don't fit together. */
static void all_arguments_together_a43(void **state)
{
	static char in[6000];
	const int fits = IMAP_TEXT_MAX - IMAP_LITERAL_MAX;

	for (int over = 0; over < 3; over++) {
		struct fmt f = fmt_on(in, sizeof in - 1);

		fmt_str(&f, "a LOGIN \"");
		for (int i = 0; i < fits + (over == 1) + (over == 2 ? IMAP_LITERAL_MAX + 1 : 0); i++)
			fmt_str(&f, "\\\"");
		fmt_printf(&f, "\" {%d+}\r\n", IMAP_LITERAL_MAX);
		for (int i = 0; i < IMAP_LITERAL_MAX; i++)
			fmt_char(&f, 'p');
		fmt_str(&f, "\r\n");
		drive_start(IMAP_SAY_NOTHING);
		drive((const uint8_t *)in, f.len - 2);
		if (over == 0) {
			assert_int_equal(imap_command_arg(&d.c, 0).len, fits);
			assert_int_equal(imap_command_arg(&d.c, 1).len, IMAP_LITERAL_MAX);
		}
		drive((const uint8_t *)in + f.len - 2, 2);
		if (over > 0)
			expect(over == 1 ? "a LOGIN!LITERAL_LONG" : "a LOGIN!COMMAND_LONG");
	}
}

static void authenticate_im12(void **state)
{
	static const struct row rows[] = {
		R("a AUTHENTICATE PLAIN\r\n", "a AUTHENTICATE(PLAIN)"),
		R("a authenticate plain =\r\n", "a AUTHENTICATE(plain,=)"),
		R("a AUTHENTICATE PLAIN AHQAcA==\r\n", "a AUTHENTICATE(PLAIN,AHQAcA==)"),
		R("a AUTHENTICATE  PLAIN  AHQAcA== \r\n", "a AUTHENTICATE(PLAIN,AHQAcA==)"),
		R("a AUTHENTICATE XFOO \"\\!\r\n", "a AUTHENTICATE(XFOO,\"\\!)"),
		R("a AUTHENTICATE\r\n", "a AUTHENTICATE!SYNTAX"),
		R("a AUTHENTICATE \r\n", "a AUTHENTICATE!SYNTAX"),
		R("a AUTHENTICATE PLAIN x y\r\n", "a AUTHENTICATE!SYNTAX"),
		R("a AUTHENTICATE PLAIN {8}\r\nb NOOP\r\n", "a AUTHENTICATE!SYNTAX b NOOP"),
		R("a AUTHENTICATE PLAIN {8+}\r\nAHQAcA==\r\nb NOOP\r\n", "a AUTHENTICATE!SYNTAX b NOOP"),
		R("a AUTHENTICATE PL\0AIN\r\n", "a AUTHENTICATE!SYNTAX"),
	};
	static char in[4000];

	TRY(rows);
	memset(in, 'A', sizeof in);
	memcpy(in, "a AUTHENTICATE PLAIN ", 21);
	in[21 + SASL_LINE_MAX] = '\n';
	drive_start(IMAP_SAY_NOTHING);
	drive((const uint8_t *)in, 21 + SASL_LINE_MAX);
	assert_int_equal(imap_command_line(&d.c, slice_of(in, 21 + SASL_LINE_MAX)), E_OK);
	assert_int_equal(imap_command_arg(&d.c, 1).len, SASL_LINE_MAX);
	in[21 + SASL_LINE_MAX] = 'A';
	in[21 + IMAP_TEXT_MAX] = '\n';
	drive_start(IMAP_SAY_NOTHING);
	drive((const uint8_t *)in, 22 + IMAP_TEXT_MAX);
	expect("a AUTHENTICATE!COMMAND_LONG");
}

static void id_im06(void **state)
{
	static const struct row rows[] = {
		R("a ID NIL\r\nb id nil\r\n", "a ID b ID"),
		R("a ID ()\r\n", "a ID"), R("a ID ( )  \r\n", "a ID"),
		R("a ID (\"name\" \"iPhone Mail\" \"version\" NIL)\r\n", "a ID"),
		R("a ID (\"name\" \"a)\\\"{3}\")\r\n", "a ID"),
		R("a ID ({4}\r\nname {4+}\r\n)\r\nx \"os\" NIL)\r\nb NOOP\r\n", "+ a ID b NOOP"),
		R("a ID (\"name\" {0}\r\n)\r\n", "+ a ID"),
		R("a ID (\"name\" {1025}\r\nb NOOP\r\n", "a ID!LITERAL_LONG b NOOP"),
		R("a ID (\"name\" {2+}\r\nx\0)\r\nb NOOP\r\n", "a ID!SYNTAX b NOOP"),
		R("a ID\r\n", "a ID!SYNTAX"), R("a ID x\r\n", "a ID!SYNTAX"),
		R("a ID NIL x\r\n", "a ID!SYNTAX"), R("a ID NILx\r\n", "a ID!SYNTAX"),
		R("a ID (\"a\" \"b\"\r\nb NOOP\r\n", "a ID!SYNTAX b NOOP"),
		R("a ID (\"a\" \"b\"))\r\n", "a ID!SYNTAX"), R("a ID () ()\r\n", "a ID!SYNTAX"),
		R("a ID ((\"a\"))\r\n", "a ID!SYNTAX"), R("a ID (\"a)\r\n", "a ID!SYNTAX"),
		R("a ID {3}\r\nb NOOP\r\n", "a ID!SYNTAX b NOOP"),
		R("a ID () {3}\r\nb NOOP\r\n", "a ID!SYNTAX b NOOP"),
		R("a ID (\"a\"{3+}\r\nabc)\r\nb NOOP\r\n", "a ID!SYNTAX b NOOP"),
		R("a ID NIL {3+}\r\nabc\r\nb NOOP\r\n", "a ID!SYNTAX b NOOP"),
	};

	TRY(rows);
}

/* A password isn't even asked for where it must not be sent. */
static void login_refused_im03(void **state)
{
	static const struct row rows[] = {
		R("a LOGIN joe pw\r\n", "a LOGIN!NEED_TLS"),
		R("a LOGIN {3}\r\nb NOOP\r\n", "a LOGIN!NEED_TLS b NOOP"),
		R("a LOGIN {3+}\r\njoe {2+}\r\npw\r\nb LOGIN x {2}\r\nc AUTHENTICATE PLAIN\r\n",
			"a LOGIN!NEED_TLS b LOGIN!NEED_TLS c AUTHENTICATE(PLAIN)"),
		R("+ LOGIN joe pw\r\n", " unknown!BAD_TAG"),
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		try_all(IMAP_SAY_NEED_TLS, rows[i].in, rows[i].len, rows[i].want);
}

static void start_wipes(void **state)
{
	static const struct imap_command none;

	drive_start(IMAP_SAY_NOTHING);
	assert_int_equal(imap_command_line(&d.c, slice_str("a LOGIN joe {6}")), E_MORE);
	assert_true(d.c.ask);
	assert_int_equal(imap_command_literal(&d.c, slice_str("")), 0);
	assert_int_equal(imap_command_literal(&d.c, slice_str("secret and more")), 6);
	assert_int_equal(imap_command_literal(&d.c, slice_str("x")), 0);
	assert_int_equal(imap_command_line(&d.c, slice_str("")), E_OK);
	assert_true(slice_eq(imap_command_arg(&d.c, 1), slice_str("secret")));
	imap_command_start(&d.c);
	assert_memory_equal(&d.c, &none, sizeof none);
}

static void capabilities_im02(void **state)
{
	static const struct {
		bool starttls, disabled;
		unsigned mechs;
		const char *want;
	} rows[] = {
		{ false, false, SASL_BIT(SASL_PLAIN) | SASL_BIT(SASL_LOGIN),
			"IMAP4rev1 SASL-IR LITERAL- ID AUTH=PLAIN AUTH=LOGIN" },
		{ true, false, 15, "IMAP4rev1 SASL-IR LITERAL- ID STARTTLS AUTH=PLAIN AUTH=LOGIN"
			" AUTH=CRAM-MD5" },
		{ true, true, 7, "IMAP4rev1 SASL-IR LITERAL- ID STARTTLS LOGINDISABLED AUTH=CRAM-MD5" },
		{ false, true, 3, "IMAP4rev1 SASL-IR LITERAL- ID LOGINDISABLED" },
		{ false, false, 0, "IMAP4rev1 SASL-IR LITERAL- ID" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[200];
		struct fmt f = fmt_on(text, sizeof text);

		imap_capability_put(&f, rows[i].starttls, rows[i].disabled, rows[i].mechs);
		assert_string_equal(fmt_cstr(&f), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verbs_im01), cmocka_unit_test(every_later_command_im05),
		cmocka_unit_test(tags_im01), cmocka_unit_test(login_im09),
		cmocka_unit_test(login_literals_im10), cmocka_unit_test(literals_that_are_none_a08),
		cmocka_unit_test(literals_beyond_the_cap_a08), cmocka_unit_test(sizes_of_literals_im15),
		cmocka_unit_test(budget_of_a_command_im16), cmocka_unit_test(number_of_literals_im16),
		cmocka_unit_test(budgets_of_asked_literals_im16), cmocka_unit_test(scanners_a08),
		cmocka_unit_test(all_arguments_together_a43), cmocka_unit_test(authenticate_im12),
		cmocka_unit_test(id_im06), cmocka_unit_test(login_refused_im03),
		cmocka_unit_test(start_wipes), cmocka_unit_test(capabilities_im02),
	};

	return cmocka_run_group_tests_name("imap server", tests, NULL, NULL);
}
