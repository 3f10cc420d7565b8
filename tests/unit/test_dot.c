/*
 * test_dot.c - dots and line ends: tables, every split, and every string of CR, LF, dot and a letter up
 * to length 7 through decoder, encoder and decoder (SS-23, SC-15, A-01 .. A-03).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "proto/dot.h"

enum { ROOM = 512 };

/* Decodes `raw` in pieces of `in_step` octets into rooms of `out_step`; the length of the content, or -1
 * when the message did not end. *left: raw octets behind the end. */
static int decode(struct slice raw, size_t in_step, size_t out_step, struct dot_decoder *d,
	uint8_t *out, size_t *left)
{
	size_t len = 0;
	int ended = 0;

	memset(d, 0, sizeof *d);
	while (raw.len > 0 && !ended) {
		struct slice in = slice_head(raw, in_step);
		size_t had = in.len, produced;

		ended = dot_decode(d, &in, out + len, out_step, &produced);
		assert_true(produced <= out_step);
		assert_true(had > in.len || produced > 0);
		len += produced;
		raw = slice_from(raw, had - in.len);
	}
	*left = raw.len;
	assert_int_equal(d->content, len);
	return ended ? (int)len : -1;
}

static size_t encode(struct slice content, size_t in_step, size_t out_step, uint8_t *out)
{
	struct dot_encoder e = { 0 };
	size_t len = 0;
	int n;

	while (content.len > 0) {
		struct slice in = slice_head(content, in_step);
		size_t had = in.len, produced;

		dot_encode(&e, &in, out + len, out_step, &produced);
		assert_true(produced <= out_step && (had > in.len || produced > 0));
		len += produced;
		content = slice_from(content, had - in.len);
	}
	n = dot_encode_end(&e, out + len, DOT_END_MAX);
	assert_true(n > 0);
	return len + (size_t)n;
}

static const struct {
	const char *raw, *content;
	unsigned flags;
	const char *left;
} rows[] = {
	{ ".\r\n", "", 0, "" },
	{ "a\r\n.\r\nQUIT\r\n", "a\r\n", 0, "QUIT\r\n" },
	{ "..\r\n.\r\n", ".\r\n", 0, "" },
	{ ".a\r\n..b\r\n.\r\n", "a\r\n.b\r\n", 0, "" },
	{ "...\r\n\r\n.\r\n", "..\r\n\r\n", 0, "" },
	{ "a\n.\r\nb\r\n.\r\n", "a\r\n.\r\nb\r\n", DOT_BARE_LF, "" },
	{ "a\n.\nb\r\n.\r\n", "a\r\n.\r\nb\r\n", DOT_BARE_LF, "" },
	{ "a\r\n.\nb\r\n.\r\n", "a\r\n\r\nb\r\n", DOT_BARE_LF, "" },
	{ "a\r\n.\rb\r\n.\r\n", "a\r\n\r\nb\r\n", DOT_BARE_CR, "" },
	{ "a\r.\rb\r\n.\r\n", "a\r\n.\r\nb\r\n", DOT_BARE_CR, "" },
	{ "a\r.\r\nb\r\n.\r\n", "a\r\n.\r\nb\r\n", DOT_BARE_CR, "" },
	{ "a\r\n.\r\r\nb\r\n.\r\n", "a\r\n\r\n\r\nb\r\n", DOT_BARE_CR, "" },
	{ "a\r\r\n.\r\n", "a\r\n\r\n", DOT_BARE_CR, "" },
	{ "a\n\r.\r\n.\r\n", "a\r\n\r\n.\r\n", DOT_BARE_CR | DOT_BARE_LF, "" },
	{ "\n\r\n.\r\n", "\r\n\r\n", DOT_BARE_LF, "" },
};

static void rows_in_every_split(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct slice raw = slice_str(rows[i].raw);

		for (size_t step = 1; step <= raw.len; step++)
			for (size_t room = 2; room < 40; room += step) {
				uint8_t out[ROOM];
				struct dot_decoder d;
				size_t left;
				int n = decode(raw, step, room, &d, out, &left);

				assert_int_equal(n, strlen(rows[i].content));
				assert_memory_equal(out, rows[i].content, (size_t)n);
				assert_int_equal(d.flags, rows[i].flags);
				assert_int_equal(left, strlen(rows[i].left));
				assert_int_equal(d.raw, raw.len - left);
			}
	}
}

static void nul_is_flagged_and_lines_are_measured(void **state)
{
	static const char raw[] = "ab\0cd\r\n12345678901234567890\tx\r\ny\r\n.\r\n";
	struct dot_decoder d;
	uint8_t out[ROOM];
	size_t left;

	for (size_t step = 1; step < sizeof raw; step++) {
		assert_int_equal(decode(slice_of(raw, sizeof raw - 1), step, 64, &d, out, &left), 34);
		assert_int_equal(d.flags, DOT_NUL);
		assert_int_equal(d.longest, 22);
		assert_int_equal(d.line, 0);
	}
}

static bool only_whole_line_ends(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '\r' && (i + 1 == len || p[i + 1] != '\n'))
			return false;
		if (p[i] == '\n' && (i == 0 || p[i - 1] != '\r'))
			return false;
	}
	return true;
}

/* The straight definition: where CRLF.CRLF first ends in the raw octets behind an imagined CRLF. */
static size_t end_of(const uint8_t *raw, size_t len)
{
	uint8_t all[32] = "\r\n";

	memcpy(all + 2, raw, len);
	for (size_t i = 0; i + 5 <= len + 2; i++)
		if (memcmp(all + i, "\r\n.\r\n", 5) == 0)
			return i + 5 - 2;
	return SIZE_MAX;
}

/* One string behind `head`, ended properly: one message, ended where the definition says; what leaves is
 * clean, is one message again, and has the same content. */
static void there_and_back(const char *head, const uint8_t *text, size_t len)
{
	uint8_t raw[32], content[64], sent[96], again[96];
	size_t n = strlen(head), left, sent_len;
	struct dot_decoder d;
	int got, second;

	memcpy(raw, head, n);
	memcpy(raw + n, text, len);
	memcpy(raw + n + len, "\r\n.\r\n", 5);
	n += len + 5;
	got = decode(slice_of(raw, n), n, sizeof content, &d, content, &left);
	assert_true(got >= 0);
	assert_int_equal(n - left, end_of(raw, n));
	assert_true(only_whole_line_ends(content, (size_t)got));
	sent_len = encode(slice_of(content, (size_t)got), (size_t)got + 1, sizeof sent, sent);
	assert_true(only_whole_line_ends(sent, sent_len));
	assert_int_equal(end_of(sent, sent_len), sent_len);
	second = decode(slice_of(sent, sent_len), sent_len, sizeof again, &d, again, &left);
	assert_int_equal(second, got);
	assert_int_equal(left, 0);
	assert_int_equal(d.flags, 0);
	assert_memory_equal(again, content, (size_t)got);
	for (size_t step = 1; step < 4; step++) {
		assert_int_equal(decode(slice_of(raw, n), step, step + 1, &d, again, &left), got);
		assert_memory_equal(again, content, (size_t)got);
		assert_int_equal(encode(slice_of(content, (size_t)got), step, 2 + step % 2, again), sent_len);
		assert_memory_equal(again, sent, sent_len);
	}
}

static void every_string_to_length_7(void **state)
{
	static const uint8_t alphabet[4] = { '\r', '\n', '.', 'a' };

	for (size_t len = 0; len <= 7; len++)
		for (uint32_t number = 0; number < (1u << (2 * len)); number++) {
			uint8_t text[8];

			for (size_t i = 0; i < len; i++)
				text[i] = alphabet[number >> (2 * i) & 3];
			there_and_back("", text, len);
			there_and_back("x\r\n", text, len);
			there_and_back("x", text, len);
		}
}

static void encoder_ends(void **state)
{
	static const char *const pairs[][2] = {
		{ "", ".\r\n" }, { "a\r\n", "a\r\n.\r\n" }, { "a", "a\r\n.\r\n" }, { ".", "..\r\n.\r\n" },
		{ ".\r\n", "..\r\n.\r\n" }, { "a\r\n.b\r\n..", "a\r\n..b\r\n...\r\n.\r\n" },
		{ "a\r", "a\r\n.\r\n" }, { "a\n.\n", "a\n..\n.\r\n" },
	};
	struct dot_encoder e = { 0 };
	uint8_t out[64];

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		struct slice content = slice_str(pairs[i][0]);
		size_t n = encode(content, content.len + 1, sizeof out, out);

		assert_int_equal(n, strlen(pairs[i][1]));
		assert_memory_equal(out, pairs[i][1], n);
	}
	assert_int_equal(dot_encode_end(&e, out, 2), E_AGAIN);
}

/* Chunks as given, then the end; -1 when refused. */
static int by_bdat(struct slice content, size_t step, size_t room, struct bdat_checker *b, uint8_t *out)
{
	size_t len = 0;
	int n;

	memset(b, 0, sizeof *b);
	while (content.len > 0) {
		struct slice in = slice_head(content, step);
		size_t had = in.len, produced;
		int e = bdat_check(b, &in, out + len, room, &produced);

		len += produced;
		assert_true(produced <= room);
		assert_true(only_whole_line_ends(out, len));
		if (e == E_PROTO) {
			assert_int_equal(in.len, 0);
			assert_int_equal(bdat_end(b, out, ROOM), E_PROTO);
			return -1;
		}
		assert_true(had > in.len || produced > 0);
		content = slice_from(content, had - in.len);
	}
	n = bdat_end(b, out + len, 2);
	assert_true(n == E_PROTO || n >= 0);
	assert_true(n < 0 || b->content == len + (size_t)n);
	return n < 0 ? -1 : (int)len + n;
}

static void bdat_refuses_what_is_bare_and_nothing_else(void **state) /* */
{
	static const uint8_t alphabet[4] = { '\r', '\n', '.', 'a' };

	for (size_t len = 0; len <= 6; len++)
		for (uint32_t number = 0; number < (1u << (2 * len)); number++) {
			uint8_t text[8], out[ROOM];
			struct bdat_checker b;
			bool clean;

			for (size_t i = 0; i < len; i++)
				text[i] = alphabet[number >> (2 * i) & 3];
			clean = only_whole_line_ends(text, len);
			for (size_t step = 1; step <= len + 1; step++) {
				int n = by_bdat(slice_of(text, len), step, step + 1, &b, out);
				bool added = len > 0 && text[len - 1] != '\n';

				assert_int_equal(n, clean ? (int)len + (added ? 2 : 0) : -1);
				assert_true(n < 0 || memcmp(out, text, len) == 0);
				assert_int_equal((b.flags & (DOT_BARE_CR | DOT_BARE_LF)) == 0, clean);
			}
		}
}

static void bdat_measures_and_flags_nul(void **state)
{
	struct bdat_checker b;
	uint8_t out[ROOM];

	assert_int_equal(by_bdat(slice_of("abc\0d\r\nxy", 9), 2, 4, &b, out), 11);
	assert_memory_equal(out, "abc\0d\r\nxy\r\n", 11);
	assert_int_equal(b.flags, DOT_NUL);
	assert_int_equal(b.longest, 5);
}

/* Whole words, odd alignments, tabs and high bits: the fast path against what goes octet by octet. */
static void long_text_is_the_same_at_every_alignment(void **state)
{
	static uint8_t raw[3000], slow[4096], fast[4096];
	uint32_t seed = 7;

	for (int round = 0; round < 40; round++) {
		struct dot_decoder a, b;
		size_t n = 0, left_a, left_b;
		int len;

		while (n < sizeof raw - 200) {
			seed = seed * 1664525u + 1013904223u;
			if (seed >> 27 == 0)
				raw[n++] = "\r\n\0."[seed >> 20 & 3];
			else if (seed >> 27 < 3) {
				memcpy(raw + n, "\r\n.", 3);
				n += 2 + (seed >> 20 & 1);
			} else {
				raw[n++] = (uint8_t)(seed >> 16 | 1) == '\r' ? '\t' : (uint8_t)(seed >> 16 | 1);
			}
		}
		memcpy(raw + n, "\r\n.\r\n", 5);
		len = decode(slice_of(raw, n + 5), 1, 2, &a, slow, &left_a);
		for (size_t step = 7; step < 4000; step = step * 2 + 1) {
			assert_int_equal(decode(slice_of(raw, n + 5), step, step, &b, fast, &left_b), len);
			assert_int_equal(left_a, left_b);
			assert_memory_equal(slow, fast, (size_t)(len > 0 ? len : 0));
			assert_memory_equal(&a, &b, sizeof a);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_in_every_split),
		cmocka_unit_test(nul_is_flagged_and_lines_are_measured),
		cmocka_unit_test(every_string_to_length_7),
		cmocka_unit_test(encoder_ends),
		cmocka_unit_test(bdat_refuses_what_is_bare_and_nothing_else),
		cmocka_unit_test(bdat_measures_and_flags_nul),
		cmocka_unit_test(long_text_is_the_same_at_every_alignment),
	};

	return cmocka_run_group_tests_name("dot", tests, NULL, NULL);
}
