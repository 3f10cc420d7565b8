/*
 * test_console_edit.c - the line editor and its history: every key, every split of its input, long
 * lines, UTF-8, noise. What it writes is played on a small terminal, whose row must show the line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "console/edit.h"
#include "error.h"

#define PROMPT "gw> "
#define WIDEST 200u     /* columns that the editor uses at most */
#define MOST_BYTES 500u /* and bytes of a row */

/* ---- a terminal of one row ---- */

static struct {
	unsigned columns, cursor, used;
	char cell[1024][8]; /* a character and what is set above it; "" behind a wide one */
	unsigned rows;      /* line feeds */
	bool escapes, overflow;
} term;

static unsigned width_of(uint32_t code)
{
	if ((code >= 0x300 && code < 0x370) || (code >= 0x200b && code <= 0x200f))
		return 0;
	return (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
		(code >= 0xac00 && code <= 0xd7a3) || (code >= 0x1f300 && code <= 0x1f64f) ? 2 : 1;
}

static size_t char_len(uint8_t lead)
{
	return lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

static uint32_t char_code(const char *p)
{
	uint8_t b[4] = { 0, 0, 0, 0 };
	size_t len = char_len((uint8_t)p[0]);

	memcpy(b, p, len);
	return len == 1 ? b[0] : len == 2 ? (b[0] & 31u) << 6 | (b[1] & 63u) :
		len == 3 ? (b[0] & 15u) << 12 | (b[1] & 63u) << 6 | (b[2] & 63u) :
		(b[0] & 7u) << 18 | (b[1] & 63u) << 12 | (b[2] & 63u) << 6 | (b[3] & 63u);
}

static void term_clear(void)
{
	term.cursor = term.used = 0;
	memset(term.cell, 0, sizeof term.cell);
}

static void term_char(const char *p, size_t len)
{
	unsigned width = width_of(char_code(p));

	if (width == 0) {
		assert_true(term.cursor > 0);
		strncat(term.cell[term.cursor - 1][0] != '\0' ? term.cell[term.cursor - 1] :
			term.cell[term.cursor - 2], "^", 7);
		return;
	}
	if (term.cursor + width > term.columns) {
		term.overflow = true;
		return;
	}
	memset(term.cell[term.cursor], 0, width * sizeof term.cell[0]);
	memcpy(term.cell[term.cursor], p, len);
	term.cursor += width;
	if (term.cursor > term.used)
		term.used = term.cursor;
}

static void term_put(const char *p, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = char_len((uint8_t)p[i]);

		if (p[i] == '\b') {
			assert_true(term.cursor > 0);
			term.cursor--;
		} else if (p[i] == '\n') {
			term.rows++;
			term_clear();
		} else if (p[i] == '\x1b') {
			term.escapes = true;
		} else {
			assert_true((uint8_t)p[i] >= 0x20 && i + n <= len);
			term_char(p + i, n);
		}
		i += n;
	}
}

/* ---- the editor under test ---- */

static struct edit editor;
static struct history past;
static char line_buf[EDIT_LINE_MAX], out_buf[EDIT_DRAW_MAX];
static unsigned seen[EDIT_SIZE + 1];

static void begin(enum edit_mode mode)
{
	edit_begin(&editor, line_buf, PROMPT, mode);
	term_clear();
}

static void start(unsigned columns)
{
	memset(&editor, 0, sizeof editor);
	memset(&past, 0, sizeof past);
	memset(seen, 0, sizeof seen);
	memset(&term, 0, sizeof term);
	term.columns = columns;
	edit_size(&editor, columns, 24);
	begin(EDIT_COMMAND);
}

/* The row has the prompt, then the line from where it is scrolled to, then blanks. */
static void check_row(void)
{
	size_t at = editor.first, prompt = sizeof PROMPT - 1;
	unsigned column = (unsigned)prompt, cursor = 0;

	assert_false(term.overflow);
	for (size_t i = 0; i < prompt; i++)
		assert_int_equal(term.cell[i][0], PROMPT[i]);
	assert_true(editor.at >= editor.first);
	for (; at < editor.len; at += char_len((uint8_t)editor.text[at])) {
		unsigned width = width_of(char_code(editor.text + at));

		if (at == editor.at)
			cursor = column;
		if (column + width > (term.columns < WIDEST ? term.columns : WIDEST) - 1 ||
				at + char_len((uint8_t)editor.text[at]) - editor.first > MOST_BYTES)
			break;
		if (width > 0)
			assert_memory_equal(term.cell[column], editor.text + at,
				char_len((uint8_t)editor.text[at]));
		column += width;
	}
	if (at == editor.at)
		cursor = column;
	assert_int_equal(term.cursor, cursor);
	for (; column < term.used; column++)
		assert_true(term.cell[column][0] == ' ' || term.cell[column][0] == '\0');
}

static size_t draw(void)
{
	struct fmt f = fmt_on(out_buf, sizeof out_buf);

	edit_draw(&editor, &f);
	assert_false(f.over);
	term_put(f.p, f.len);
	if (editor.mode == EDIT_COMMAND)
		check_row();
	return f.len;
}

static void keys_len(const char *bytes, size_t len, bool draws)
{
	for (size_t i = 0; i < len; i++) {
		enum edit_event event = edit_byte(&editor, &past, (uint8_t)bytes[i]);

		seen[event]++;
		if (event == EDIT_HELP)
			edit_insert(&editor, "?", 1);
		if (event == EDIT_LINE) {
			(void)history_add(&past, slice_of(editor.text, editor.len));
			begin((enum edit_mode)editor.mode);
		}
		if (draws)
			(void)draw();
	}
}

static void keys(const char *bytes)
{
	keys_len(bytes, strlen(bytes), true);
}

static void has(const char *text, size_t at)
{
	if (editor.len != strlen(text) || memcmp(editor.text, text, editor.len) != 0)
		fail_msg("has '%.*s', wanted '%s'", (int)editor.len, editor.text, text);
	assert_int_equal(editor.at, at);
}

/* ---- keys ---- */

static void every_key(void **state)
{
	static const struct {
		const char *keys, *text;
		size_t at;
	} cases[] = {
		{ "abc", "abc", 3 }, { "abc\x01x", "xabc", 1 }, { "abc\x01\x05x", "abcx", 4 },
		{ "abc\x02\x02x", "axbc", 2 }, { "abc\x01\x06x", "axbc", 2 }, { "abc\x08", "ab", 2 },
		{ "abc\x7f\x7f\x7f\x7f", "", 0 }, { "abc\x01\x04", "bc", 0 }, { "abc\x04", "abc", 3 },
		{ "abc\x02\x15", "c", 0 }, { "abc\x02\x0b", "ab", 2 }, { "set a.b  \x17", "set ", 4 },
		{ "one two\x17\x17\x17", "", 0 }, { "ab\x1b[D\x1b[Dx", "xab", 1 },
		{ "ab\x1b[D\x1b[Cx", "abx", 3 }, { "ab\x1bOD\x1bOCx", "abx", 3 }, { "ab\x1b[Hx", "xab", 1 },
		{ "ab\x1b[H\x1b[Fx", "abx", 3 }, { "ab\x1bOH\x1bOFx", "abx", 3 },
		{ "ab\x1b[1~\x1b[3~", "b", 0 }, { "ab\x1b[7~x\x1b[8~y\x1b[1~z\x1b[4~", "zxaby", 5 },
		{ "ab\x1b[5~\x1b[15~\x1b[1;5Pc", "abc", 3 }, { "ab\x1b[<1;2mc", "abc", 3 },
		{ "ab\x1b[?1;2cc", "abc", 3 }, { "a\x1b" "bc", "ac", 2 }, { "a\x1b\x1b[Db", "ba", 1 },
		{ "a\x1b[\x01" "b", "ba", 1 }, { "a?b", "a?b", 3 }, { "tab\there", "tabhere", 7 },
		{ "\x1b[1;1R\x1b[5;19Rab", "ab", 2 }, { "a\x1b[9999999999999999Db", "ba", 1 },
		{ "\xc3\xa4\xe6\xbc\xa2" "x\x02\x02y", "\xc3\xa4y\xe6\xbc\xa2x", 3 },
		{ "\xc3\xa4\xe6\xbc\xa2\x7f\x7f", "", 0 }, { "\xf0\x9f\x98\x80\x01\x04", "", 0 },
		{ "e\xcc\x81x\x02\x7f", "ex", 1 }, { "a\xc2\x9b" "b\xed\xa0\x80\xc0\xaf", "ab", 2 },
		{ "\xc3" "a\xa4", "a", 1 }, { "\x1b[65736~?\x01" "b", "b?", 1 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		start(80);
		keys(cases[i].keys);
		has(cases[i].text, cases[i].at);
		assert_false(term.escapes);
	}
}

static void events(void **state)
{
	start(80);
	keys("a\rb\nc\r\nd\n\r\r\r\n\n");
	assert_int_equal(seen[EDIT_LINE], 8); /* a b c d, and then \r \r \r\n \n */
	start(80);
	keys("x\x03");
	assert_int_equal(seen[EDIT_INTERRUPT], 1);
	keys("\x15\x04");
	assert_int_equal(seen[EDIT_END], 1);
	keys("a\x04\t?\x0c");
	assert_int_equal(seen[EDIT_END], 1);
	assert_int_equal(seen[EDIT_COMPLETE], 1);
	assert_int_equal(seen[EDIT_HELP], 1);
	assert_int_equal(seen[EDIT_CLEAR], 1);
	keys("\x1b[40;132R");
	assert_int_equal(seen[EDIT_SIZE], 1);
	assert_int_equal(editor.columns, 132);
	assert_int_equal(editor.rows, 40);
	keys("\x1b[8;50;100t");
	assert_int_equal(seen[EDIT_SIZE], 2);
	assert_int_equal(editor.columns, 100);
	assert_int_equal(editor.rows, 50);
	keys("\x1b[9;50;100t\x1b[1;2R\x1b[8;50t\x1b[4;5;6R");
	assert_int_equal(seen[EDIT_SIZE], 2);
	edit_size(&editor, 0, 0);
	assert_int_equal(editor.columns, 80);
	assert_int_equal(editor.rows, 0);
}

/* Noise of a line that is plugged in: nothing of it stays, and the next line is whole. */
static void noise_is_harmless(void **state)
{
	static const char noise[] = "\0\0\x80\xff\xfe\xc3\x80\xc0\xaf\xed\xa0\x80\xc2\x9b\x1b\x1b[\x1bO"
		"\x0e\x0f\x10\x12\x13\x14\x16\x18\x1a\x1c\x1d\x1e\x1f\xf4\x90\x80\x80\xe6\xbc";

	start(80);
	keys_len(noise, sizeof noise - 1, true);
	keys("\r");
	assert_int_equal(seen[EDIT_LINE], 1);
	keys("show");
	has("show", 4);
	/* Every single byte, then every pair of an escape with one. */
	for (int i = 0; i < 256; i++)
		for (int escape = 0; escape < 3; escape++) {
			char bytes[3] = { 0x1b, escape == 2 ? '[' : (char)i, (char)i };

			start(80);
			keys_len(escape == 0 ? bytes + 2 : bytes, escape == 0 ? 1 : escape == 1 ? 2 : 3, true);
			keys("\r\x15" "ab");
			has("ab", 2);
			assert_false(term.escapes);
		}
}

/* ---- pastes ---- */

static void a_bracketed_paste_is_taken_as_it_is(void **state)
{
	start(80);
	keys("\x1b[200~a?\tb\x01\x7f\x04 c\x1b[201~");
	has("a? b c", 6);
	assert_int_equal(seen[EDIT_HELP] + seen[EDIT_COMPLETE] + seen[EDIT_END], 0);
	assert_false(editor.pasting);
	keys("\x1b[200~x\ry\r");
	assert_int_equal(seen[EDIT_LINE], 2);
	assert_true(editor.pasting);
	keys("\x1b[A\x1b[3~z");
	has("z", 1); /* keys mean nothing within it */
	keys("\x03");
	assert_int_equal(seen[EDIT_INTERRUPT], 1);
	assert_false(editor.pasting); /* the closing mark was lost */
}

static void a_text_has_no_keys_of_commands(void **state)
{
	start(80);
	begin(EDIT_TEXT);
	keys_len("\ta?\x1b[A\x10", 8, false);
	has(" a?", 3);
	assert_int_equal(seen[EDIT_HELP] + seen[EDIT_COMPLETE], 0);
}

static void a_secret_is_not_shown(void **state)
{
	size_t n = 0;

	start(80);
	begin(EDIT_SECRET);
	for (const char *p = "canary?\xc3\xa4\x02x\x08\x1b[D\x1b[A\x05"; *p != '\0'; p++) {
		keys_len(p, 1, false);
		n += draw();
	}
	has("canary?\xc3\xa4", 9);
	assert_int_equal(n, sizeof PROMPT - 1); /* not even its length */
}

/* ---- the row ---- */

static void one_key_writes_little(void **state)
{
	start(80);
	(void)draw();
	keys_len("a", 1, false);
	assert_int_equal(draw(), 1);
	keys_len("bcdef", 5, false);
	assert_int_equal(draw(), 5);
	assert_int_equal(draw(), 0);
	keys_len("\x02", 1, false);
	assert_int_equal(draw(), 1);
	keys_len("\x06", 1, false);
	assert_int_equal(draw(), 1);
	keys_len("\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2", 9, false);
	assert_int_equal(draw(), 9);
	keys_len("\xe6\xbc\xa2", 3, false);
	assert_int_equal(draw(), 3);
	keys_len("\x7f", 1, false);
	assert_int_equal(draw(), 2 + 2 + 2); /* back, blank, back */
}

static void long_lines_scroll(void **state)
{
	static const unsigned widths[] = { 20, 21, 40, 80, 132, 200, 500 };
	static const char *const texts[] = { "x", "\xc3\xa4", "\xe6\xbc\xa2", "\xf0\x9f\x98\x80",
		"e\xcc\x81", "a\xe6\xbc\xa2" };

	for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++)
		for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
			start(widths[w]);
			for (int i = 0; i < 300; i++)
				keys(texts[t]);
			for (int i = 0; i < 700; i++)
				keys("\x02");
			assert_int_equal(editor.at, 0);
			for (int i = 0; i < 50; i++)
				keys("\x06");
			keys("y\x05\x01\x0b");
			assert_int_equal(editor.len, 0);
		}
}

static void too_long_is_told_and_nothing_is_cut(void **state)
{
	start(80);
	for (int i = 0; i < EDIT_LINE_MAX; i++)
		keys_len("x", 1, false);
	(void)draw();
	assert_false(editor.too_long);
	keys("\xc3\xa4");
	assert_true(editor.too_long);
	assert_int_equal(editor.len, EDIT_LINE_MAX);
	keys("\r");
	assert_false(editor.too_long);
}

static uint32_t seed;

static uint32_t some(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static size_t random_keys(char *to, size_t cap)
{
	static const char *const parts[] = { "a", "word ", "\xc3\xa4", "\xe6\xbc\xa2", "\xf0\x9f\x98\x80",
		"e\xcc\x81", "\x02", "\x06", "\x01", "\x05", "\x08", "\x7f", "\x17", "\x15", "\x0b",
		"\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B", "\x1b[3~", "\x1bOH", "\r", "?", "\t", "\xff", "\x04",
		"some longer piece of text ", "\x1b[200~p?\t\x1b[201~" };
	size_t len = 0;

	while (len + 32 < cap) {
		const char *p = parts[some(sizeof parts / sizeof parts[0])];

		memcpy(to + len, p, strlen(p));
		len += strlen(p);
	}
	return len;
}

/* The row is right after any keys, and the line does not depend on when the row was drawn. */
static void every_split(void **state)
{
	static char bytes[600], whole[EDIT_LINE_MAX];
	size_t whole_len, at;

	for (seed = 1; seed < 400; seed++) {
		uint32_t keep = seed;
		size_t len = random_keys(bytes, sizeof bytes);

		seed = keep;
		start(20 + seed % 100);
		keys_len(bytes, len, false);
		(void)draw();
		whole_len = editor.len;
		at = editor.at;
		memcpy(whole, editor.text, whole_len);
		start(20 + seed % 100);
		for (size_t i = 0; i < len;) {
			size_t n = 1 + some(7);

			n = n < len - i ? n : len - i;
			keys_len(bytes + i, n, seed % 3 == 0);
			(void)draw();
			i += n;
		}
		assert_int_equal(editor.len, whole_len);
		assert_int_equal(editor.at, at);
		assert_memory_equal(editor.text, whole, whole_len);
		seed = keep;
	}
}

static void leaving_and_coming_back(void **state)
{
	struct fmt f = fmt_on(out_buf, sizeof out_buf);

	start(80);
	keys("abc\x02");
	edit_leave(&editor, &f);
	term_put(f.p, f.len);
	assert_int_equal(term.rows, 1);
	(void)draw();
	has("abc", 2);
	/* What was typed and never drawn is shown by leaving. */
	start(80);
	keys_len("never drawn", 11, false);
	f = fmt_on(out_buf, sizeof out_buf);
	edit_leave(&editor, &f);
	assert_int_equal(f.len, sizeof PROMPT - 1 + 12);
	assert_memory_equal(f.p, PROMPT "never drawn\n", f.len);
}

/* ---- history ---- */

static void browsing(void **state)
{
	start(80);
	keys("one\rtwo\rtwo\r\rthree  \r");
	keys("dra\x1b[A");
	has("three", 5); /* blanks at the end are not kept */
	keys("\x1b[A");
	has("two", 3);
	keys("\x10");
	has("one", 3);
	keys("\x10\x10");
	has("one", 3);
	keys("\x1b[B\x0e");
	has("three", 5);
	keys("\x1b[B");
	has("dra", 3);
	keys("\x1b[B");
	has("dra", 3);
	keys("\x1b[A\x1b[A!\r\x1b[A");
	has("two!", 4);
	keys("\x1b[A");
	has("three", 5); /* what was being typed is not history */
	keys("\x03\x15\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A");
	has("one", 3);
	start(80);
	keys("alone\x1b[A\x1b[B");
	has("alone", 5);
	assert_int_equal(past.len, 0);
}

static void history_is_bounded(void **state)
{
	struct slice line;
	char text[HISTORY_MAX + 8];

	start(80);
	for (int i = 0; i < 5000; i++) {
		snprintf(text, sizeof text, "line %d", i);
		assert_true(history_add(&past, slice_str(text)));
		assert_true(past.len <= HISTORY_MAX);
	}
	assert_int_equal(history_get(&past, 1, &line), E_OK);
	assert_true(slice_is(line, "line 4999"));
	assert_int_equal(history_get(&past, 100, &line), E_OK);
	assert_true(slice_is(line, "line 4900"));
	assert_int_equal(history_get(&past, 200, &line), E_NOENT);
	memset(text, 'x', sizeof text);
	assert_true(history_add(&past, slice_of(text, HISTORY_MAX - 1)));
	assert_int_equal(history_get(&past, 2, &line), E_NOENT);
	assert_false(history_add(&past, slice_of(text, HISTORY_MAX)));
	history_drop(&past);
	assert_int_equal(past.len, 0);
	history_drop(&past);
	assert_int_equal(history_get(&past, 1, &line), E_NOENT);
}

static bool canary_is_kept(void)
{
	for (size_t i = 0; i + 6 <= sizeof past.text; i++)
		if (memcmp(past.text + i, "canary", 6) == 0)
			return true;
	return false;
}

/* never a secret in the history, not under a misspelt name either. */
static void secrets_are_not_remembered_A32(void **state)
{
	static const char *const cut[] = { "set office.password=canary", "set office.password canary",
		"set office.password = canary", "set office.pasword=canary", "set 'office.password=canary'",
		"set \"office\".password=canary", "set office.'password'=canary", "SET OFFICE.PASSWORD=canary",
		"est office.password=canary", "set office.pass\\word=canary", "set password=canary",
		"add_list office.password=canary", "set office.oauth_client_secret=canary",
		"set gateway.console_password='canary.hostname=x'", "  set  office.password  canary",
		"passwd printer canary", "  pas printer canary", "set office.\tpassword=canary" };
	static const char *const whole[] = { "set office.smtp_host=a.b=c", "set main.hostname=gw.lan",
		"set printer.password_file=/run/pw", "get office.password", "set office.password",
		"set @route[0].sender=*@x.test", "passwd printer", "show account office --json", "log trace 7" };
	struct slice line;

	start(80);
	for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
		memset(&past, 0, sizeof past);
		(void)history_add(&past, slice_str(cut[i]));
		assert_false(canary_is_kept());
		assert_int_equal(history_get(&past, 1, &line), E_OK);
		/* Nor as what was being typed when somebody browsed. */
		start(80);
		keys("get x\r");
		keys(cut[i]);
		keys("\x1b[A");
		assert_false(canary_is_kept());
	}
	for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
		assert_int_equal(history_keeps(slice_str(whole[i])), strlen(whole[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key),
		cmocka_unit_test(events),
		cmocka_unit_test(noise_is_harmless),
		cmocka_unit_test(a_bracketed_paste_is_taken_as_it_is),
		cmocka_unit_test(a_text_has_no_keys_of_commands),
		cmocka_unit_test(a_secret_is_not_shown),
		cmocka_unit_test(one_key_writes_little),
		cmocka_unit_test(long_lines_scroll),
		cmocka_unit_test(too_long_is_told_and_nothing_is_cut),
		cmocka_unit_test(every_split),
		cmocka_unit_test(leaving_and_coming_back),
		cmocka_unit_test(browsing),
		cmocka_unit_test(history_is_bounded),
		cmocka_unit_test(secrets_are_not_remembered_A32),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
