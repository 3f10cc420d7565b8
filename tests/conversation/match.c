/*
 * match.c - patterns of scripts against what was said.
 */
#include "conv.h"

bool glob(const char *pattern, const char *text, size_t len)
{
	const char *star = NULL;
	size_t at = 0, mark = 0;

	for (;;) {
		if (*pattern == '\0')
			return true;
		if (*pattern == '$' && pattern[1] == '\0' && at == len)
			return true;
		if (*pattern == '*') {
			star = pattern++;
			mark = at;
			continue;
		}
		if (at < len && *pattern == text[at]) {
			pattern++;
			at++;
			continue;
		}
		if (star == NULL || mark >= len)
			return false;
		pattern = star + 1;
		at = ++mark;
	}
}

/* One whole line of a body: the pattern's line, `*` allowed, against `len` bytes without CRLF. */
static bool line_matches(const char *pattern, size_t pattern_len, const char *line, size_t len)
{
	static char whole[70000];

	if (pattern_len + 2 > sizeof whole)
		return false;
	memcpy(whole, pattern, pattern_len);
	whole[pattern_len] = '$';
	whole[pattern_len + 1] = '\0';
	return glob(whole, line, len);
}

static size_t line_length(const char *at, size_t len)
{
	const char *end = memchr(at, '\n', len);

	return end == NULL ? len : (size_t)(end - at) + 1;
}

/* Lines end in CRLF in the body and in LF in the pattern; a pattern line "..." is any lines. */
bool body_matches(const char *pattern, const char *body, size_t len, char *why, size_t cap)
{
	size_t all = strlen(pattern), p = 0, b = 0, star = all + 1, mark = 0, far = 0, far_p = 0;

	for (;;) {
		size_t pn = line_length(pattern + p, all - p), bn = line_length(body + b, len - b);

		if (p == all && b == len)
			return true;
		if (pn == 4 && memcmp(pattern + p, "...\n", 4) == 0) {
			star = p += pn;
			mark = b;
			continue;
		}
		if (p < all && bn >= 2 && memcmp(body + b + bn - 2, "\r\n", 2) == 0 &&
		    line_matches(pattern + p, pn - 1, body + b, bn - 2)) {
			p += pn;
			b += bn;
			continue;
		}
		if (b >= far) {
			far = b;
			far_p = p;
		}
		if (star > all || mark >= len)
			break;
		mark += line_length(body + mark, len - mark);
		p = star;
		b = mark;
	}
	snprintf(why, cap, "expected \"%.*s\", got \"%.*s\"",
		(int)strcspn(pattern + far_p, "\n"), pattern + far_p,
		(int)line_length(body + far, len - far > 200 ? 200 : len - far), body + far);
	return false;
}
