/*
 * test_address.c - paths (SS-11, SS-37 .. SS-39, SS-43) and mailboxes of From fields.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "proto/address.h"
#include "proto/utf8.h"

#define R PATH_RECIPIENT
#define U PATH_UTF8
#define L PATH_LENIENT

static bool same(struct slice s, const char *text)
{
	return slice_eq(s, slice_str(text));
}

static const struct {
	const char *arg;
	unsigned flags;
	enum path_error why;
	const char *mailbox, *local, *domain, *rest;
} paths[] = {
	{ "<a@b.c>", 0, PATH_FINE, "a@b.c", "a", "b.c", "" },
	{ "<a@b.c> SIZE=3  BODY=7BIT ", 0, PATH_FINE, "a@b.c", "a", "b.c", "SIZE=3  BODY=7BIT" },
	{ "<John.Doe+x@Ex-Ample.ORG>", R, PATH_FINE, "John.Doe+x@Ex-Ample.ORG", "John.Doe+x",
		"Ex-Ample.ORG", "" },
	{ "<>", 0, PATH_FINE, "", "", "", "" },
	{ "<> RET=HDRS", 0, PATH_FINE, "", "", "", "RET=HDRS" },
	{ "<>", R, PATH_NULL, "", "", "", "" },
	{ "<Postmaster>", R, PATH_FINE, "Postmaster", "Postmaster", "", "" },
	{ "<postmaster>", 0, PATH_NO_DOMAIN, "", "", "", "" },
	{ "<postmaste>", R, PATH_NO_DOMAIN, "", "", "", "" },
	{ "<scanner>", L, PATH_FINE, "scanner", "scanner", "", "" },
	{ "<scanner>", R | L, PATH_NO_DOMAIN, "", "", "", "" },
	{ "<\"a b\"@x.y>", R, PATH_FINE, "\"a b\"@x.y", "\"a b\"", "x.y", "" },
	{ "<\"a>b\\\"@ c\"@x.y> N=1", R, PATH_FINE, "\"a>b\\\"@ c\"@x.y", "\"a>b\\\"@ c\"", "x.y", "N=1" },
	{ "<\"a@evil\"@x.y>", R, PATH_FINE, "\"a@evil\"@x.y", "\"a@evil\"", "x.y", "" },
	{ "<\"\"@x.y>", R, PATH_FINE, "\"\"@x.y", "\"\"", "x.y", "" },
	{ "<\"a\"b@x.y>", R, PATH_LOCAL, "", "", "", "" },
	{ "<a\"b\"@x.y>", R, PATH_LOCAL, "", "", "", "" },
	{ "<\"a@x.y>", R, PATH_LOCAL, "", "", "", "" },
	{ "<\"a\\\"@x.y>", R, PATH_LOCAL, "", "", "", "" },
	{ "<a b@x.y>", R, PATH_LOCAL, "", "", "", "" },
	{ "<a@b@c.d>", R, PATH_DOMAIN, "", "", "", "" },
	{ "<@x.y>", R, PATH_ROUTE, "", "", "", "" },
	{ "<a@>", R, PATH_NO_DOMAIN, "", "", "", "" },
	{ "<a@.x>", R, PATH_DOMAIN, "", "", "", "" },
	{ "<a@x..y>", R, PATH_DOMAIN, "", "", "", "" },
	{ "<a@x.y.>", R, PATH_DOMAIN, "", "", "", "" },
	{ "<a@x.y.>", R | L, PATH_FINE, "a@x.y", "a", "x.y", "" },
	{ "<a@-x.y>", R, PATH_DOMAIN, "", "", "", "" },
	{ "<a@x-.y>", R, PATH_DOMAIN, "", "", "", "" },
	{ "<a@x_1.y>", R, PATH_FINE, "a@x_1.y", "a", "x_1.y", "" },
	{ "<a@x,y>", R, PATH_DOMAIN, "", "", "", "" },
	{ "<a@x;y>", R, PATH_DOMAIN, "", "", "", "" },
	{ "<.a@x.y>", R, PATH_LOCAL, "", "", "", "" },
	{ "<a.@x.y>", R, PATH_LOCAL, "", "", "", "" },
	{ "<a..b@x.y>", R, PATH_LOCAL, "", "", "", "" },
	{ "<a..b.@x.y>", R | L, PATH_FINE, "a..b.@x.y", "a..b.", "x.y", "" },
	{ "<(c)a@x.y>", R, PATH_LOCAL, "", "", "", "" },
	/* SS-38: never interpreted, never used */
	{ "<a%evil.com@x.y>", R, PATH_FINE, "a%evil.com@x.y", "a%evil.com", "x.y", "" },
	{ "<evil.com!a@x.y>", R, PATH_FINE, "evil.com!a@x.y", "evil.com!a", "x.y", "" },
	{ "<@a.b,@c.d:e@f.g>", R, PATH_FINE, "e@f.g", "e", "f.g", "" },
	{ "<@[1.2.3.4]:e@f.g> X=1", R, PATH_FINE, "e@f.g", "e", "f.g", "X=1" },
	{ "<@[IPv6:::1]:e@f.g>", R, PATH_FINE, "e@f.g", "e", "f.g", "" },
	{ "<@a.b:@c.d:e@f.g>", R, PATH_ROUTE, "", "", "", "" },
	{ "<@a.b,c@d.e>", R, PATH_ROUTE, "", "", "", "" },
	{ "<@a.b:>", R, PATH_ROUTE, "", "", "", "" },
	{ "<@:a@b.c>", R, PATH_ROUTE, "", "", "", "" },
	{ "<@[1.2.3:a@b.c>", R, PATH_ROUTE, "", "", "", "" },
	/* literals */
	{ "<a@[1.2.3.4]>", R, PATH_FINE, "a@[1.2.3.4]", "a", "[1.2.3.4]", "" },
	{ "<a@[IPv6:2001:db8::1]>", R, PATH_FINE, "a@[IPv6:2001:db8::1]", "a", "[IPv6:2001:db8::1]", "" },
	{ "<a@[ipv6:::ffff:1.2.3.4]>", R, PATH_FINE, "a@[ipv6:::ffff:1.2.3.4]", "a",
		"[ipv6:::ffff:1.2.3.4]", "" },
	{ "<a@[::1]>", R, PATH_LITERAL, "", "", "", "" },
	{ "<a@[IPv6:1.2.3.4]>", R, PATH_LITERAL, "", "", "", "" },
	{ "<a@[1.2.3]>", R, PATH_LITERAL, "", "", "", "" },
	{ "<a@[1.2.3.256]>", R, PATH_LITERAL, "", "", "", "" },
	{ "<a@[01.2.3.4]>", R, PATH_LITERAL, "", "", "", "" },
	{ "<a@[1.2.3.4>", R, PATH_LITERAL, "", "", "", "" },
	{ "<a@[1.2.3.4]x>", R, PATH_LITERAL, "", "", "", "" },
	{ "<a@[]>", R, PATH_LITERAL, "", "", "", "" },
	{ "<a@[IPv6:fe80::1%2]>", R, PATH_LITERAL, "", "", "", "" },
	{ "<a@[[1.2.3.4]]>", R, PATH_LITERAL, "", "", "", "" },
	{ "<a@[tag:content]>", R, PATH_LITERAL, "", "", "", "" },
	/* brackets and blanks */
	{ "", R, PATH_MISSING, "", "", "", "" },
	{ "   ", R | L, PATH_MISSING, "", "", "", "" },
	{ " <a@b.c>", R, PATH_BRACKETS, "", "", "", "" },
	{ " \t<a@b.c> X=1 ", R | L, PATH_FINE, "a@b.c", "a", "b.c", "X=1" },
	{ "< a@b.c >", L, PATH_FINE, "a@b.c", "a", "b.c", "" },
	{ "< a@b.c >", 0, PATH_LOCAL, "", "", "", "" },
	{ "a@b.c", R, PATH_BRACKETS, "", "", "", "" },
	{ "a@b.c", R | L, PATH_FINE, "a@b.c", "a", "b.c", "" },
	{ "a@b.c SIZE=1", L, PATH_FINE, "a@b.c", "a", "b.c", "SIZE=1" },
	{ "\"a b\"@c.d SIZE=1", L, PATH_FINE, "\"a b\"@c.d", "\"a b\"", "c.d", "SIZE=1" },
	{ "<a@b.c", R | L, PATH_BRACKETS, "", "", "", "" },
	{ "a@b.c>", R | L, PATH_DOMAIN, "", "", "", "" },
	{ "<a@b.c>SIZE=1", R | L, PATH_BRACKETS, "", "", "", "" },
	{ "<<a@b.c>>", R | L, PATH_BRACKETS, "", "", "", "" },
	/* SS-39 */
	{ "<a\x01@b.c>", R | L | U, PATH_CONTROL, "", "", "", "" },
	{ "<a\t@b.c>", R | L, PATH_CONTROL, "", "", "", "" },
	{ "<\"a\x7f\"@b.c>", R, PATH_CONTROL, "", "", "", "" },
	{ "<a@b\r\n.c>", R, PATH_CONTROL, "", "", "", "" },
	{ "<\xc3\xa4@b.c>", R, PATH_NEEDS_UTF8, "", "", "", "" },
	{ "<a@b\xc3\xa4.c>", 0, PATH_NEEDS_UTF8, "", "", "", "" },
	{ "<\xc3\xa4@b\xc3\xbc.c>", U, PATH_FINE, "\xc3\xa4@b\xc3\xbc.c", "\xc3\xa4", "b\xc3\xbc.c", "" },
	{ "<\xc3@b.c>", U, PATH_BAD_UTF8, "", "", "", "" },
	{ "<\xc2\x85@b.c>", U, PATH_BAD_UTF8, "", "", "", "" },
	{ "<\xed\xa0\x80@b.c>", U, PATH_BAD_UTF8, "", "", "", "" },
};

static void path_rows(void **state)
{
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		struct path p;
		struct slice rest;
		enum path_error why;
		int e = path_parse(slice_str(paths[i].arg), paths[i].flags, &p, &rest, &why);

		if (why != paths[i].why || (e == E_OK) != (why == PATH_FINE))
			fail_msg("%s: %s", paths[i].arg, path_error_name[why]);
		if (e != E_OK)
			continue;
		if (!same(p.mailbox, paths[i].mailbox) || !same(p.local, paths[i].local) ||
				!same(p.domain, paths[i].domain) || !same(rest, paths[i].rest))
			fail_msg("%s: %.*s", paths[i].arg, (int)p.mailbox.len, (const char *)p.mailbox.p);
		assert_int_equal(p.null, p.mailbox.len == 0);
		assert_int_equal(p.literal, p.domain.len > 0 && p.domain.p[0] == '[');
		assert_int_equal(p.utf8, utf8_needed(p.mailbox));
	}
}

static enum path_error of_length(size_t local, size_t labels, size_t last)
{
	char text[600] = "<";
	size_t n = 1;
	struct path p;
	struct slice rest;
	enum path_error why;

	memset(text + n, 'l', local);
	n += local;
	text[n++] = '@';
	for (size_t i = 0; i < labels; i++) {
		memset(text + n, 'd', 63);
		n += 63;
		text[n++] = '.';
	}
	memset(text + n, 'd', last);
	n += last;
	text[n++] = '>';
	path_parse(slice_of(text, n), PATH_RECIPIENT, &p, &rest, &why);
	return why;
}

static void lengths_ss43(void **state)
{
	assert_int_equal(of_length(64, 2, 61), PATH_FINE);       /* path of 256 */
	assert_int_equal(of_length(64, 2, 62), PATH_LONG);
	assert_int_equal(of_length(64, 1, 1), PATH_FINE);
	assert_int_equal(of_length(65, 1, 1), PATH_LOCAL_LONG);
	assert_int_equal(of_length(1, 3, 60), PATH_FINE);        /* mailbox of 254 */
	assert_int_equal(of_length(1, 3, 61), PATH_LONG);
	assert_int_equal(of_length(1, 4, 1), PATH_DOMAIN_LONG);
	assert_int_equal(of_length(1, 4, 0), PATH_DOMAIN_LONG);
	assert_int_equal(of_length(1, 3, 63), PATH_LONG);
	assert_int_equal(of_length(1, 0, 63), PATH_FINE);
	assert_int_equal(of_length(1, 0, 64), PATH_DOMAIN_LONG);
}

static void replies_have_their_class(void **state)
{
	for (int i = PATH_MISSING; i < PATH_ERROR_COUNT; i++) {
		const struct path_reply *r = path_error_reply((enum path_error)i);

		assert_int_equal(r->code / 100, 5);
		assert_int_equal(r->sender_status[0], '5');
		assert_int_equal(r->recipient_status[0], '5');
		assert_true(strncmp(path_error_name[i], "PATH_", 5) == 0 && strlen(r->text) > 0);
	}
	assert_int_equal(path_error_reply(PATH_NEEDS_UTF8)->code, 553);
	assert_string_equal(path_error_reply(PATH_LOCAL)->sender_status, "5.1.7");
	assert_string_equal(path_error_reply(PATH_LOCAL)->recipient_status, "5.1.3");
}

static void keywords_of_paths(void **state)
{
	static const struct {
		const char *args;
		unsigned flags;
		const char *rest; /* NULL: refused */
	} rows[] = {
		{ "FROM:<a@b>", 0, "<a@b>" }, { "from:", 0, "" }, { "FROM: <a@b>", 0, " <a@b>" },
		{ "FROM :<a@b>", 0, NULL }, { "FROM :<a@b>", L, "<a@b>" }, { "  FROM \t: <a@b>", L, " <a@b>" },
		{ " FROM:<a@b>", 0, NULL }, { "FROMM:<a@b>", L, NULL }, { "FROM<a@b>", L, NULL },
		{ "FRO:", L, NULL }, { "", L, NULL }, { "FROM", L, NULL }, { "TO:<a@b>", L, NULL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct slice args = slice_str(rows[i].args);
		int e = path_keyword(&args, "FROM", rows[i].flags);

		assert_int_equal(e, rows[i].rest != NULL ? E_OK : E_ARG);
		assert_true(same(args, rows[i].rest != NULL ? rows[i].rest : rows[i].args));
	}
}

static void deliverable_forms(void **state)
{
	static const char *const good[] = { "a@b.c", "a.b@mail.example.com", "\"x y\"@b.de", "a@b.4c",
		"a@printer.lan" };
	static const char *const bad[] = { "", "a", "a@b", "a@[1.2.3.4]", "a@1.2.3.4", "a@b.", "@b.c",
		"a@b.localhost", "a@x.INVALID", "a@b.localdomain", "a b@c.d", "a@b.c\r\nX: y", "\"\n\"@b.c",
		"a@b..c", ".a@b.c", "\xff@b.c" };

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(mailbox_deliverable_form(slice_str(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (mailbox_deliverable_form(slice_str(bad[i])))
			fail_msg("deliverable: %s", bad[i]);
}

static void mailboxes_compare(void **state) /* SS-11 */
{
	assert_true(mailbox_eq(slice_str("a@B.c"), slice_str("a@b.C")));
	assert_false(mailbox_eq(slice_str("A@b.c"), slice_str("a@b.c")));
	assert_false(mailbox_eq(slice_str("a"), slice_str("a@")));
	assert_false(mailbox_eq(slice_str("\"a@b\"@c"), slice_str("\"a@B\"@c")));
	assert_true(same(mailbox_domain(slice_str("\"a@b\"@c.d")), "c.d"));
	assert_int_equal(mailbox_domain(slice_str("a")).len, 0);
}

static const struct {
	const char *value, *name, *addr;
} froms[] = {
	{ "a@b.c", "", "a@b.c" },
	{ " <a@b.c>", "", "a@b.c" },
	{ " John Doe <a@b.c>\r\n", "John Doe", "a@b.c" },
	{ "\"Doe, John\" <a@b.c>", "Doe, John", "a@b.c" },
	{ "\"a \\\"q\\\" \\\\ b\" <a@b.c>", "a \"q\" \\ b", "a@b.c" },
	{ "John\r\n\t Doe\r\n <a@b.c>", "John Doe", "a@b.c" },
	{ "a@b.c (John (x) Doe)", "John (x) Doe", "a@b.c" },
	{ "(note) a@b.c", "note", "a@b.c" },
	{ "John (note) Doe <a@b.c>", "John Doe", "a@b.c" },
	{ "<a@b.c> (late)", "late", "a@b.c" },
	{ "=?utf-8?Q?J=C3=B6rg?= <a@b.c>", "=?utf-8?Q?J=C3=B6rg?=", "a@b.c" },
	{ "\"=?utf-8?B?SsO2cmc=?=\" <a@b.c>", "=?utf-8?B?SsO2cmc=?=", "a@b.c" },
	{ "J\xc3\xb6rg <a@b.c>", "J\xc3\xb6rg", "a@b.c" },
	{ "A <a@b.c>, B <d@e.f>", "A", "a@b.c" },
	{ "a@b.c, d@e.f", "", "a@b.c" },
	{ ", ,a@b.c", "", "a@b.c" },
	{ "Group: a@b.c, d@e.f;", "", "a@b.c" },
	{ "Group:;", "", "" },
	{ "mailto:a@b.c", "", "a@b.c" },
	{ "\"x y\"@b.c", "", "\"x y\"@b.c" },
	{ "A <\"x>y\"@b.c>", "A", "\"x>y\"@b.c" },
	{ "A <@r.t:a@b.c>", "A", "a@b.c" },
	{ "A < a (c) @ b.c >", "A", "a@b.c" },
	{ "A <a@b.c", "A", "a@b.c" },
	{ "Scanner", "Scanner", "" },
	{ "<scanner>", "scanner", "" },
	{ "Scan Floor 2 <scanner>", "Scan Floor 2", "" },
	{ "scanner@printer", "", "scanner@printer" },
	{ "", "", "" },
	{ "<>", "", "" },
	{ "\"", "", "" },
	{ "(((a@b.c", "", "" },
	{ "a@b@c", "a@b@c", "" },
	{ "a b@c.d", "a b@c.d", "" },
	{ "a@b.c d@e.f", "a@b.c d@e.f", "" },
	{ "X\x01Y\x7fZ <a@b.c>", "X Y Z", "a@b.c" },
	{ "A <a@b.c\r\nBcc: x@y.z>", "A", "" },
};

static void from_fields(void **state)
{
	for (size_t i = 0; i < sizeof froms / sizeof froms[0]; i++) {
		struct header_mailbox m;

		header_mailbox_parse(slice_str(froms[i].value), &m);
		if (!same(slice_of(m.addr, m.addr_len), froms[i].addr) ||
				!same(slice_of(m.name, m.name_len), froms[i].name))
			fail_msg("%s: name \"%.*s\" address \"%.*s\"", froms[i].value, m.name_len, m.name,
				m.addr_len, m.addr);
	}
}

static void long_from_names_are_cut_at_characters(void **state)
{
	char value[700];

	for (size_t pad = 0; pad < 5; pad++) {
		struct header_mailbox m;
		size_t n = pad;

		memset(value, 'x', pad);
		for (int i = 0; i < 120; i++, n += 3)
			memcpy(value + n, "\xe2\x82\xac", 3);
		memcpy(value + n, " <a@b.c>", 8);
		header_mailbox_parse(slice_of(value, n + 8), &m);
		assert_true(m.name_len <= HEADER_NAME_MAX && m.name_len > HEADER_NAME_MAX - 3);
		assert_true(utf8_valid(slice_of(m.name, m.name_len)));
		assert_true(same(slice_of(m.addr, m.addr_len), "a@b.c"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(path_rows), cmocka_unit_test(lengths_ss43),
		cmocka_unit_test(replies_have_their_class), cmocka_unit_test(keywords_of_paths),
		cmocka_unit_test(deliverable_forms), cmocka_unit_test(mailboxes_compare),
		cmocka_unit_test(from_fields), cmocka_unit_test(long_from_names_are_cut_at_characters),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
