/*
 * test_header.c - the header filter (DECISIONS 20, SS-47, SS-53): whole messages in and out, every split of
 * input and room, and nothing that a device writes can become a field of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "proto/header.h"
#include "proto/utf8.h"

enum { ROOM = 8192 };

#define ACCOUNT "office@example.com"
#define RECEIVED "Received: from x by y\r\n\tid z\r\n"
#define DATE "Date: Sun, 22 Nov 2026 12:00:00 +0000\r\n"
#define ID "Message-ID: <1@gw>\r\n"
#define MIME "MIME-Version: 1.0\r\n"
#define TO "To: undisclosed-recipients:;\r\n"
#define ALL DATE ID MIME TO
#define REST_THERE "Date: d\r\nMessage-ID: <m>\r\nMIME-Version: 1.0\r\nTo: t\r\n"

static struct header_want wanted(bool rewrite)
{
	return (struct header_want){
		.rewrite = rewrite, .received = slice_str(RECEIVED), .address = slice_str(ACCOUNT),
		.sender = slice_str("dev@printer.example"),
		.date = slice_str("Sun, 22 Nov 2026 12:00:00 +0000"), .message_id = slice_str("<1@gw>"),
	};
}

/* Filters `text` in pieces of `step` octets into rooms of `room`; the length of what came out. */
static size_t filter(const struct header_want *want, struct slice text, size_t step, size_t room,
	uint8_t *out, bool *loop)
{
	static struct header_filter h;
	size_t len = 0, made;
	int e;

	memset(&h, 0xa5, sizeof h);
	header_filter_start(&h, want);
	while (text.len > 0) {
		struct slice in = slice_head(text, step);
		size_t had = in.len;

		header_filter(&h, &in, out + len, room, &made);
		assert_true(made <= room && (made > 0 || in.len < had));
		len += made;
		text = slice_from(text, had - in.len);
		assert_true(len < ROOM / 2);
	}
	do {
		e = header_filter_end(&h, out + len, room, &made);
		assert_true(e == E_OK || (e == E_MORE && made == room));
		len += made;
		assert_true(len < ROOM / 2);
	} while (e == E_MORE);
	*loop = header_filter_loop(&h);
	assert_true(header_filter_in_body(&h));
	return len;
}

static void expect(const struct header_want *want, const char *text, const char *result)
{
	struct slice in = slice_str(text);

	for (size_t step = 1; step <= in.len + 1; step += step < 8 ? 1 : 13)
		for (size_t room = 1; room < 300; room = room * 3 + 1) {
			static uint8_t out[ROOM];
			bool loop;
			size_t n = filter(want, in, step, room, out, &loop);

			assert_false(loop);
			if (n != strlen(result) || memcmp(out, result, n) != 0)
				fail_msg("%s\n--- became\n%.*s\n--- not\n%s", text, (int)n, (char *)out, result);
		}
}

static const struct {
	const char *in, *out;
} keeps[] = {
	{ "From: A <a@b.c>\r\nSender: s@t.u\r\nBcc: x@y.z\r\n" REST_THERE "\r\nbody\r\n",
		RECEIVED "From: A <a@b.c>\r\nSender: s@t.u\r\nBcc: x@y.z\r\n" REST_THERE "\r\nbody\r\n" },
	{ "", RECEIVED "From: <dev@printer.example>\r\n" ALL "\r\n" },
	{ "\r\nbody\r\n", RECEIVED "From: <dev@printer.example>\r\n" ALL "\r\nbody\r\n" },
	{ "Subject: x\r\nFROM : q\r\ncc: y\r\n\r\n.\r\n\r\nDate: no\r\n",
		RECEIVED "Subject: x\r\nFROM : q\r\ncc: y\r\n" DATE ID MIME "\r\n.\r\n\r\nDate: no\r\n" },
	{ "just text\r\nFrom: no\r\n",
		RECEIVED "From: <dev@printer.example>\r\n" ALL "\r\njust text\r\nFrom: no\r\n" },
	{ "From: q\r\nno field\r\nTo: t\r\n\r\nx\r\n",
		RECEIVED "From: q\r\n" ALL "\r\nno field\r\nTo: t\r\n\r\nx\r\n" },
	{ " folded first\r\n\r\nx\r\n",
		RECEIVED "From: <dev@printer.example>\r\n" ALL "\r\n folded first\r\n\r\nx\r\n" },
	{ "From: q\r\nSubject: a\r\n b\r\n\tDate: c\r\n\r\n",
		RECEIVED "From: q\r\nSubject: a\r\n b\r\n\tDate: c\r\n" ALL "\r\n" },
	{ "From: q\r\n", RECEIVED "From: q\r\n" ALL "\r\n" },
	{ "From: q", RECEIVED "From: q\r\n" ALL "\r\n" },
	{ "From q Mon\r\n", RECEIVED "From: <dev@printer.example>\r\n" ALL "\r\nFrom q Mon\r\n" },
	{ "ab c: x\r\n", RECEIVED "From: <dev@printer.example>\r\n" ALL "\r\nab c: x\r\n" },
	{ ": x\r\n", RECEIVED "From: <dev@printer.example>\r\n" ALL "\r\n: x\r\n" },
	{ "\xe4: x\r\n", RECEIVED "From: <dev@printer.example>\r\n" ALL "\r\n\xe4: x\r\n" },
	{ "Date:\r\nFrom:\r\nmessage-id:\r\nMime-version:\r\nTO:\r\n\r\n",
		RECEIVED "Date:\r\nFrom:\r\nmessage-id:\r\nMime-version:\r\nTO:\r\n\r\n" },
};

static void from_kept(void **state)
{
	struct header_want want = wanted(false);

	for (size_t i = 0; i < sizeof keeps / sizeof keeps[0]; i++)
		expect(&want, keeps[i].in, keeps[i].out);
}

#define REWRITTEN(from) RECEIVED from REST_THERE
#define AFTER(reply) reply "\r\nx\r\n"
#define EUROS "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
#define REPLY(a) "Reply-To: " a "\r\n"

static const struct {
	const char *from, *out, *reply;
} rewrites[] = {
	{ "From: Scan <scan@old.example>\r\n",
		"From: \"Scan (scan@old.example)\" <" ACCOUNT ">\r\n", REPLY("scan@old.example") },
	{ "From: scan@old.example\r\n", "From: \"scan@old.example\" <" ACCOUNT ">\r\n",
		REPLY("scan@old.example") },
	{ "From: scan@old\r\n", "From: \"scan@old\" <" ACCOUNT ">\r\n", "" },
	{ "from:\r\n Scan\r\n\t<scan@[10.0.0.1]>\r\n",
		"From: \"Scan (scan@[10.0.0.1])\" <" ACCOUNT ">\r\n", "" },
	{ "From: Scan\r\n", "From: \"Scan\" <" ACCOUNT ">\r\n", "" },
	{ "From:\r\n", "From: <" ACCOUNT ">\r\n", "" },
	{ "", "", "" }, /* From is missing: told apart below */
	{ "From: \"A \\\"B\\\" \\\\\" <a@b.c>\r\n",
		"From: \"A \\\"B\\\" \\\\ (a@b.c)\" <" ACCOUNT ">\r\n", REPLY("a@b.c") },
	{ "From: Me <" ACCOUNT ">\r\n", "From: \"Me\" <" ACCOUNT ">\r\n", "" },
	{ "From: =?utf-8?Q?J=C3=B6rg?= <a@b.c>\r\n",
		"From: =?utf-8?Q?J=C3=B6rg?=\r\n \"(a@b.c)\" <" ACCOUNT ">\r\n", REPLY("a@b.c") },
	{ "From: J\xc3\xb6rg <a@b.c>\r\n",
		"From: =?utf-8?B?SsO2cmc=?=\r\n \"(a@b.c)\" <" ACCOUNT ">\r\n", REPLY("a@b.c") },
	{ "From: J\xf6rg <a@b.c>\r\n",
		"From: =?iso-8859-1?B?SvZyZw==?=\r\n \"(a@b.c)\" <" ACCOUNT ">\r\n", REPLY("a@b.c") },
	{ "From: x" EUROS EUROS EUROS " <a@b.c>\r\n",
		"From: =?utf-8?B?eOKCrOKCrOKCrOKCrOKCrOKCrOKCrOKCrOKCrOKCrOKCrOKCrOKCrA==?=\r\n =?utf-8?B?4oKs4oKs?=\r\n \"(a@b.c)\"\r\n <"
		ACCOUNT ">\r\n", REPLY("a@b.c") },
	{ "From: J <\xc3\xa4@b.c>\r\n", "From: \"J\" <" ACCOUNT ">\r\n", "" },
	{ "From: A@b.c <a@b.c>\r\n", "From: \"A@b.c\" <" ACCOUNT ">\r\n", REPLY("a@b.c") },
	{ "From: \"x\r\n y\" <a@b.c>\r\n", "From: \"x y (a@b.c)\" <" ACCOUNT ">\r\n", REPLY("a@b.c") },
	{ "From: A <a@b.c>, D <d@e.f>\r\n", "From: \"A (a@b.c)\" <" ACCOUNT ">\r\n", REPLY("a@b.c") },
	{ "From: A <a@b.c>\r\nFrom: D <d@e.f>\r\n e\r\n", "From: \"A (a@b.c)\" <" ACCOUNT ">\r\n",
		REPLY("a@b.c") },
	{ "Sender: s@t.u\r\n\tv\r\nFrom: A <a@b.c>\r\nBCC: x@y.z,\r\n w@y.z\r\n",
		"From: \"A (a@b.c)\" <" ACCOUNT ">\r\n", REPLY("a@b.c") },
	{ "From: A <a@b.c>\r\nReply-To: r@s.t\r\n",
		"From: \"A (a@b.c)\" <" ACCOUNT ">\r\nReply-To: r@s.t\r\n", "" },
};

static void from_rewritten(void **state)
{
	struct header_want want = wanted(true);

	for (size_t i = 0; i < sizeof rewrites / sizeof rewrites[0]; i++) {
		char in[600], out[600];
		bool missing = rewrites[i].from[0] == '\0';

		snprintf(in, sizeof in, "%s" REST_THERE "\r\nx\r\n", rewrites[i].from);
		snprintf(out, sizeof out, RECEIVED "%s" REST_THERE "%s%s\r\nx\r\n", rewrites[i].out,
			missing ? "From: <" ACCOUNT ">\r\n" : "", rewrites[i].reply);
		expect(&want, in, out);
	}
	want.utf8 = true;
	expect(&want, "From: J\xc3\xb6rg <a@b.c>\r\n" REST_THERE,
		RECEIVED "From: \"J\xc3\xb6rg (a@b.c)\" <" ACCOUNT ">\r\n" REST_THERE REPLY("a@b.c") "\r\n");
	expect(&want, "From: J\xf6rg <a@b.c>\r\n" REST_THERE, RECEIVED
		"From: =?iso-8859-1?B?SvZyZw==?=\r\n \"(a@b.c)\" <" ACCOUNT ">\r\n" REST_THERE REPLY("a@b.c") "\r\n");
	expect(&want, "From: A <a@b.c>", RECEIVED "From: \"A (a@b.c)\" <" ACCOUNT ">\r\n" REPLY("a@b.c")
		ALL "\r\n");
	expect(&want, "Bcc: x@y.z", RECEIVED "From: <" ACCOUNT ">\r\n" ALL "\r\n");
}

static void empty_wants_add_nothing(void **state)
{
	struct header_want want = { .rewrite = false };

	expect(&want, "Subject: x\r\n\r\nb\r\n", "Subject: x\r\n" MIME TO "\r\nb\r\n");
	want = wanted(false);
	want.date = slice_str("a\r\nInjected: b");
	want.message_id = slice_str("\n");
	want.sender = slice_str("a\rb");
	expect(&want, "", RECEIVED MIME TO "\r\n");
}

static bool has(const uint8_t *p, size_t len, const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i + n <= len; i++)
		if (memcmp(p + i, text, n) == 0)
			return true;
	return false;
}

/* Every octet inside names, quoted strings, comments and addresses: From stays one field of clean lines that
 * ends in the account's address, and Reply-To is one line. */
static void nothing_is_injected(void **state)
{
	static const char *const forms[] = { "\"N$M\" <a@b.c>", "N$M <a@b.c>", "(N$M) a@b.c", "<a$b@c.d>",
		"a$b@c.d", "=?utf-8?Q?$?= x <a@b.c>", "\"$", "N <a@b$.c>", "<\"a$b\"@c.d>", "\\$ <a@b.c>" };
	struct header_want want = wanted(true);

	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
		for (int c = 0; c < 256; c++) {
			char text[200];
			static uint8_t out[ROOM];
			bool loop;
			size_t n = (size_t)snprintf(text, 100, "From: ");

			memcpy(text + n, forms[i], strlen(forms[i]));
			*(char *)memchr(text + n, '$', 100) = (char)c;
			n += strlen(forms[i]);
			if (c == '\n')
				continue; /* content has CRLF lines only */
			if (c == '\r') { /* a folded line whose rest looks like a field */
				n = (size_t)snprintf(text, 200, "From: \"N\r\n X-Evil: 1\" <a@b.c>");
			}
			memcpy(text + n, "\r\n" REST_THERE "\r\n", sizeof "\r\n" REST_THERE "\r\n" - 1);
			n += sizeof "\r\n" REST_THERE "\r\n" - 1;
			n = filter(&want, slice_of(text, n), 16, 64, out, &loop);
			assert_true(has(out, n, " <" ACCOUNT ">\r\nDate: d\r\n"));
			assert_false(has(out, n, "\r\nX-Evil"));
			for (size_t k = sizeof RECEIVED - 1; k < n; k++) {
				if (out[k] == '\n')
					assert_int_equal(out[k - 1], '\r');
				assert_true(out[k] == '\r' || out[k] == '\n' || (out[k] >= 0x20 && out[k] < 0x7f));
			}
		}
}

static void from_of_any_length_is_cut_sanely(void **state)
{
	struct header_want want = wanted(true);

	for (size_t len = 10; len < 3000; len += 97)
		for (int kind = 0; kind < 4; kind++) {
			static char text[4000];
			static uint8_t out[ROOM];
			size_t n = (size_t)snprintf(text, 20, "From: %s", kind == 2 ? "\"" : ""), room = 0;
			bool loop;

			for (size_t i = 0; i < len; i++)
				text[n++] = kind == 1 ? (char)(i % 2 ? 0xb6 : 0xc3) : kind == 2 ? '\\' : "x yz"[i % 4];
			if (kind == 3)
				memcpy(text + 6, "=?utf-8?Q?", 10);
			n += (size_t)snprintf(text + n, 100, "%s <a@b.c>\r\nTo: t\r\n\r\nbody\r\n", kind == 2 ? "\"" : "");
			n = filter(&want, slice_of(text, n), 100, 100, out, &loop);
			assert_true(has(out, n, "<" ACCOUNT ">\r\nTo: t\r\n"));
			assert_true(has(out, n, "\r\n\r\nbody\r\n"));
			for (size_t i = 0; i < n; i++) {
				room = out[i] == '\n' ? 0 : room + 1;
				assert_true(room < 998 && out[i] < 0x80);
			}
		}
}

/* Passed on whatever their length. */
static void long_fields_and_names(void **state)
{
	static char text[6000];
	static uint8_t out[ROOM];
	struct header_want want = { .rewrite = true, .address = slice_str(ACCOUNT) };
	size_t n;
	bool loop;

	memset(text, 'v', 3000);
	memcpy(text, "X-Long: ", 8);
	memcpy(text + 3000, "\r\n" REST_THERE "\r\n", sizeof "\r\n" REST_THERE "\r\n");
	n = filter(&want, slice_str(text), 77, 50, out, &loop);
	assert_memory_equal(out, text, 3002);
	for (size_t name = HEADER_NAME_LEN_MAX - 3; name < HEADER_NAME_LEN_MAX + 3; name++) {
		struct slice rest = slice_of(out, 0);

		memset(text, 'n', name);
		memcpy(text + name, ": x\r\n\r\n", 8);
		n = filter(&want, slice_str(text), 1000, 1000, out, &loop);
		rest = slice_of(out, n);
		assert_int_equal(slice_starts(rest, "From"), name >= HEADER_NAME_LEN_MAX);
		text[name + 5] = '\0';
		assert_true(has(out, n, text));
	}
}

static void loops_ss53(void **state)
{
	static char text[4000];
	static uint8_t out[ROOM];
	struct header_want want = wanted(false);
	bool loop;

	for (int count = 49; count < 53; count++) {
		size_t n = 0;

		for (int i = 0; i < count; i++)
			n += (size_t)snprintf(text + n, 40, "%s: by x\r\n", i % 2 ? "Received" : "RECEIVED ");
		n += (size_t)snprintf(text + n, 80, "X-Received: y\r\n\r\nReceived: body\r\n");
		filter(&want, slice_of(text, n), 512, 512, out, &loop);
		assert_int_equal(loop, count > HEADER_RECEIVED_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_kept), cmocka_unit_test(from_rewritten),
		cmocka_unit_test(empty_wants_add_nothing), cmocka_unit_test(nothing_is_injected),
		cmocka_unit_test(from_of_any_length_is_cut_sanely), cmocka_unit_test(long_fields_and_names),
		cmocka_unit_test(loops_ss53),
	};

	return cmocka_run_group_tests_name("header", tests, NULL, NULL);
}
