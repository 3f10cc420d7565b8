/*
 * header_from.c - `From: "Old Name (old@device)" <account>`: the old name and address become a
 * display name in the form that the message can carry. Encoded words cannot stand in quotes (RFC
 * 2047 5), so a name that has some stays a row of words; other names are quoted, and raw 8-bit
 * ones are encoded unless the message is internationalized.
 */
#include "proto/header_from.h"

#include <string.h>

#include "base/base64.h"
#include "base/fmt.h"
#include "proto/utf8.h"

/* Bytes of a name in one encoded word, which has 75 characters at most; length of a line to fold
 * at. */
enum { WORD_BYTES = 42, LINE_MAX_LEN = 120 };

/* Whether it begins an encoded word somewhere. */
static bool has_words(struct slice v)
{
	for (size_t i = 0; i + 1 < v.len; i++)
		if (v.p[i] == '=' && v.p[i + 1] == '?')
			return true;
	return false;
}

/* The inside of a quoted string. */
static void quoted_put(struct fmt *f, struct slice v)
{
	for (size_t i = 0; i < v.len; i++) {
		if (v.p[i] == '"' || v.p[i] == '\\')
			fmt_char(f, '\\');
		fmt_char(f, (char)v.p[i]);
	}
}

/* Encoded words in base64, parted at characters. What is not UTF-8 is taken for Latin-1. */
static void encoded_put(struct fmt *f, struct slice v)
{
	char text[BASE64_LEN(WORD_BYTES)];
	bool utf8 = utf8_valid(v);

	while (v.len > 0) {
		size_t n = v.len < WORD_BYTES ? v.len : WORD_BYTES;
		int made;

		while (utf8 && n < v.len && n > 1 && (v.p[n] & 0xc0) == 0x80)
			n--;
		made = base64_encode(v.p, n, text, sizeof text);
		fmt_printf(f, "=?%s?B?%.*s?=", utf8 ? "utf-8" : "iso-8859-1", made, text);
		v = slice_from(v, n);
		fmt_str(f, v.len > 0 ? "\r\n " : "");
	}
}

/* Words that are passed as they came must be a phrase: what is special in one goes. */
static void words_put(struct fmt *f, struct slice v)
{
	for (size_t i = 0; i < v.len; i++)
		if (strchr("()<>[]:;@\\,.\"", v.p[i]) == NULL && v.p[i] < 0x80)
			fmt_char(f, (char)v.p[i]);
}

static void address_note(struct fmt *f, struct slice old, bool alone)
{
	if (old.len == 0)
		return;
	fmt_str(f, alone ? "" : "(");
	quoted_put(f, old);
	fmt_str(f, alone ? "" : ")");
}

static void phrase_put(struct fmt *f, struct slice name, struct slice old, bool utf8)
{
	bool plain = !has_words(name) && (!utf8_needed(name) || (utf8 && utf8_valid(name)));

	if (name.len == 0 && old.len == 0)
		return;
	if (!plain && has_words(name))
		words_put(f, name);
	else if (!plain)
		encoded_put(f, name);
	if (!plain && old.len == 0)
		return;
	fmt_str(f, plain ? "\"" : "\r\n \"");
	if (plain)
		quoted_put(f, name);
	fmt_str(f, plain && name.len > 0 && old.len > 0 ? " " : "");
	address_note(f, old, plain && name.len == 0);
	fmt_char(f, '"');
}

struct slice header_from_make(struct header_filter *h)
{
	struct header_mailbox was;
	struct fmt f = fmt_on(h->from, sizeof h->from);
	struct slice old, name;

	header_mailbox_parse(slice_of(h->from, h->from_len), &was);
	if (!h->want.utf8 && utf8_needed(slice_of(was.addr, was.addr_len)))
		was.addr_len = 0;
	memcpy(h->old, was.addr, was.addr_len);
	h->old_len = was.addr_len;
	old = slice_of(was.addr, was.addr_len);
	name = slice_of(was.name, was.name_len);
	if (mailbox_eq(old, h->want.address) || slice_eq_nocase(old, name))
		old.len = 0;
	fmt_str(&f, "From: ");
	phrase_put(&f, name, old, h->want.utf8);
	if (f.len > sizeof "From: " - 1)
		fmt_str(&f, f.len + h->want.address.len > LINE_MAX_LEN ? "\r\n " : " ");
	fmt_char(&f, '<');
	fmt_slice(&f, h->want.address);
	fmt_str(&f, ">\r\n");
	if (f.over) {
		f = fmt_on(h->from, sizeof h->from);
		fmt_printf(&f, "From: <%.*s>\r\n", (int)h->want.address.len,
			(const char *)h->want.address.p);
	}
	h->from_len = 0;
	return fmt_result(&f);
}
