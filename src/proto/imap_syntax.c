/*
 * imap_syntax.c - scanning of the strings of IMAP.
 */
#include "proto/imap_syntax.h"

#include <string.h>

#include "error.h"

/* ASTRING-CHAR (RFC 9051 9): no blanks, controls, 8-bit, and none of (){%*"\ */
static bool is_astring_char(uint8_t c)
{
	static const char specials[] = "(){%*\"\\";

	return c > ' ' && c < 0x7f && memchr(specials, c, sizeof specials - 1) == NULL;
}

size_t imap_atom_len(struct slice text)
{
	size_t n = 0;

	while (n < text.len && is_astring_char(text.p[n]))
		n++;
	return n;
}

/* Octets of the quoted string at the front, both quotes counted; 0: it is none (RFC 9051 4.3:
 * only \\ and \" are escaped, no CR). */
static size_t quoted_len(struct slice text)
{
	for (size_t i = 1; i < text.len && text.p[i] != '\r'; i++) {
		if (text.p[i] == '"')
			return i + 1;
		if (text.p[i] != '\\')
			continue;
		if (++i == text.len || (text.p[i] != '"' && text.p[i] != '\\'))
			return 0;
	}
	return 0;
}

size_t imap_astring_len(struct slice text)
{
	return text.len > 0 && text.p[0] == '"' ? quoted_len(text) : imap_atom_len(text);
}

/* Whether index `at` stands inside quotes. */
static bool is_quoted(struct slice line, size_t at)
{
	bool quoted = false;

	for (size_t i = 0; i < at; i++) {
		if (line.p[i] == '"')
			quoted = !quoted;
		else if (quoted && line.p[i] == '\\')
			i++;
	}
	return quoted;
}

struct imap_literal imap_literal_find(struct slice line)
{
	struct imap_literal none = { false, false, 0, line.len };
	struct imap_literal found = { true, false, UINT32_MAX, 0 };
	size_t end = line.len, from;
	uint64_t size;

	if (end < 3 || line.p[--end] != '}')
		return none;
	found.unasked = line.p[end - 1] == '+';
	end -= found.unasked ? 1 : 0;
	for (from = end; from > 0 && line.p[from - 1] >= '0' && line.p[from - 1] <= '9'; from--)
		;
	if (from == 0 || from == end || line.p[from - 1] != '{')
		return none;
	found.at = from - 1;
	if (is_quoted(line, found.at))
		return none;
	if (slice_u64(slice_of(line.p + from, end - from), UINT32_MAX, &size) == E_OK)
		found.size = (uint32_t)size;
	return found;
}
