/*
 * slice.c - views of bytes: comparing, cutting, numbers, wildcards.
 */
#include "base/slice.h"

#include <string.h>

#include "error.h"

uint8_t byte_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

struct slice slice_str(const char *text)
{
	return (struct slice){ (const uint8_t *)text, strlen(text) };
}

struct slice slice_of(const void *p, size_t len)
{
	return (struct slice){ p, len };
}

bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool slice_eq_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (byte_lower(a.p[i]) != byte_lower(b.p[i]))
			return false;
	return true;
}

bool slice_is(struct slice a, const char *text)
{
	return slice_eq_nocase(a, slice_str(text));
}

bool slice_starts(struct slice a, const char *text)
{
	size_t n = strlen(text);

	return a.len >= n && slice_is(slice_head(a, n), text);
}

size_t slice_find(struct slice a, uint8_t c)
{
	const uint8_t *hit = a.len > 0 ? memchr(a.p, c, a.len) : NULL;

	return hit != NULL ? (size_t)(hit - a.p) : a.len;
}

struct slice slice_from(struct slice a, size_t from)
{
	if (from >= a.len)
		return (struct slice){ NULL, 0 };
	return (struct slice){ a.p + from, a.len - from };
}

struct slice slice_head(struct slice a, size_t len)
{
	return (struct slice){ a.p, len < a.len ? len : a.len };
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

struct slice slice_trim(struct slice a)
{
	while (a.len > 0 && is_blank(a.p[0]))
		a = slice_from(a, 1);
	while (a.len > 0 && is_blank(a.p[a.len - 1]))
		a.len--;
	return a;
}

struct slice slice_word(struct slice *rest)
{
	struct slice a = *rest;
	size_t n = 0;

	while (a.len > 0 && is_blank(a.p[0]))
		a = slice_from(a, 1);
	while (n < a.len && !is_blank(a.p[n]))
		n++;
	*rest = slice_from(a, n);
	return slice_head(a, n);
}

int slice_u64(struct slice a, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (a.len == 0)
		return E_ARG;
	for (size_t i = 0; i < a.len; i++) {
		uint64_t d = (uint64_t)a.p[i] - '0';

		if (d > 9 || v > (max - d) / 10 || d > max)
			return E_ARG;
		v = v * 10 + d;
	}
	*out = v;
	return E_OK;
}

bool slice_match(struct slice pattern, struct slice a)
{
	size_t p = 0, i = 0, star = SIZE_MAX, mark = 0;

	while (i < a.len) {
		if (p < pattern.len && pattern.p[p] == '*') {
			star = p++;
			mark = i;
		} else if (p < pattern.len && (pattern.p[p] == '?' ||
				byte_lower(pattern.p[p]) == byte_lower(a.p[i]))) {
			p++;
			i++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			i = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.p[p] == '*')
		p++;
	return p == pattern.len;
}

/* Called through a pointer that the compiler must read, so that it cannot leave the call out. */
static void *(*const volatile wipe)(void *, int, size_t) = memset;

void mem_wipe(void *p, size_t len)
{
	wipe(p, 0, len);
}

bool mem_eq_ct(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a, *y = b;
	uint8_t diff = 0;

	for (size_t i = 0; i < len; i++)
		diff |= (uint8_t)(x[i] ^ y[i]);
	return diff == 0;
}
