/*
 * uci.c - the reader of UCI text: words first, then statements of two or three words.
 */
#include "config/uci.h"

#include <string.h>

#include "port.h"

void uci_start(struct uci_reader *r, struct slice text)
{
	memset(r, 0, sizeof *r);
	r->text = text;
	r->line = 1;
}

void uci_end(struct uci_reader *r)
{
	mem_wipe(r, sizeof *r);
}

/* The byte at hand, or -1 at the end. */
static int peek(const struct uci_reader *r)
{
	return r->at < r->text.len ? r->text.p[r->at] : -1;
}

static void step(struct uci_reader *r)
{
	if (r->text.p[r->at++] == '\n')
		r->line++;
}

static int fail(struct uci_reader *r, const char *why)
{
	r->why = why;
	r->at = r->text.len;
	return E_ARG;
}

static bool is_space(int c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* Passes blanks, and a comment up to the end of its line. */
static void skip_blank(struct uci_reader *r)
{
	while (is_space(peek(r)))
		step(r);
	if (peek(r) != '#')
		return;
	while (peek(r) != '\n' && peek(r) >= 0)
		step(r);
}

static int keep(struct uci_reader *r, int c)
{
	if (c == 0)
		return fail(r, "a NUL byte");
	if (r->used == sizeof r->buf)
		return fail(r, "the value is too long");
	r->buf[r->used++] = (uint8_t)c;
	step(r);
	return E_OK;
}

static int quoted(struct uci_reader *r, int quote)
{
	int e = E_OK;

	step(r);
	while (e == E_OK && peek(r) != quote) {
		if (quote == '"' && peek(r) == '\\')
			step(r);
		e = peek(r) < 0 ? fail(r, "a quote is not closed") : keep(r, peek(r));
	}
	if (e == E_OK)
		step(r);
	return e;
}

/* One piece of a word: a quoted one, or one bare byte. */
static int piece(struct uci_reader *r)
{
	int c = peek(r);

	if (c == '\'' || c == '"')
		return quoted(r, c);
	if (c == ';')
		return fail(r, "';' must stand in quotes");
	if (c == '\\') {
		step(r);
		if (peek(r) < 0 || peek(r) == '\n')
			return fail(r, "nothing stands behind the backslash");
	}
	return keep(r, peek(r));
}

/* The next word of the line into *out; E_NOENT when the line has no more. */
static int word(struct uci_reader *r, struct slice *out)
{
	size_t from = r->used;
	int e = E_OK;

	skip_blank(r);
	*out = (struct slice){ r->buf + from, 0 };
	if (peek(r) < 0 || peek(r) == '\n')
		return E_NOENT;
	while (e == E_OK && peek(r) >= 0 && peek(r) != '\n' && peek(r) != '#' && !is_space(peek(r)))
		e = piece(r);
	out->len = r->used - from;
	return e;
}

/* The statement that a keyword begins, -1 for `package`, -2 for none. */
static int statement(struct slice keyword)
{
	static const char *const words[] = { "config", "option", "list" };

	for (int i = 0; i < 3; i++)
		if (slice_eq(keyword, slice_str(words[i])) ||
				(keyword.len == 1 && keyword.p[0] == (uint8_t)words[i][0]))
			return i;
	return slice_eq(keyword, slice_str("package")) || slice_eq(keyword, slice_str("p")) ? -1 : -2;
}

static int arguments(struct uci_reader *r, int kind, struct uci_item *item)
{
	struct slice more;
	int e = word(r, &item->name);

	if (e == E_NOENT || (e == E_OK && item->name.len == 0))
		return fail(r, kind == UCI_CONFIG ? "the type of the section is missing" :
			"the name of the option is missing");
	if (e == E_OK && item->name.len > UCI_NAME_MAX)
		return fail(r, "the name is too long");
	if (e == E_OK)
		e = word(r, &item->value);
	if (e == E_NOENT && kind > UCI_CONFIG)
		return fail(r, "the value is missing; an empty one is ''");
	if (e == E_OK && item->value.len > (kind <= UCI_CONFIG ? UCI_NAME_MAX : UCI_VALUE_MAX))
		return fail(r, kind <= UCI_CONFIG ? "the name is too long" : "the value is too long");
	if (e == E_OK && word(r, &more) != E_NOENT)
		return fail(r, r->why != NULL ? r->why : "a value with blanks must stand in quotes");
	return e == E_NOENT ? E_OK : e;
}

int uci_next(struct uci_reader *r, struct uci_item *item)
{
	for (;;) {
		struct slice keyword;
		int e, kind;

		while (peek(r) == '\n')
			step(r);
		mem_wipe(r->buf, r->used);
		r->used = 0;
		item->line = r->line;
		e = word(r, &keyword);
		if (e == E_NOENT && peek(r) < 0)
			return E_EOF;
		if (e == E_NOENT)
			continue;
		kind = statement(keyword);
		if (e != E_OK || kind == -2)
			return e != E_OK ? e : fail(r, "a line begins with config, option or list");
		item->kind = (uint8_t)(kind < 0 ? 0 : kind);
		e = arguments(r, kind, item);
		if (e != E_OK || kind >= 0)
			return e;
	}
}

void uci_quote(struct slice value, struct fmt *out)
{
	fmt_char(out, '\'');
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] == '\'')
			fmt_str(out, "'\\''");
		else
			fmt_char(out, (char)value.p[i]);
	}
	fmt_char(out, '\'');
}
