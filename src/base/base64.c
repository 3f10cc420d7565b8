/*
 * base64.c - base64, strict: one text for one value, so that nothing can hide in a variant.
 */
#include "base/base64.h"

#include "error.h"

static char digit_of(uint32_t v)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	return digits[v & 63];
}

/* The value of a digit, or -1. Without tables: what is decoded may be a secret. */
static int value_of(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base64_encode(const void *data, size_t len, char *out, size_t cap)
{
	const uint8_t *p = data;
	char *start = out;

	if (len > INT32_MAX / 2 || BASE64_LEN(len) > cap)
		return E_LIMIT;
	for (; len >= 3; len -= 3, p += 3) {
		uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];

		for (int shift = 18; shift >= 0; shift -= 6)
			*out++ = digit_of(v >> shift);
	}
	if (len > 0) {
		uint32_t v = (uint32_t)p[0] << 16 | (len > 1 ? (uint32_t)p[1] << 8 : 0);

		*out++ = digit_of(v >> 18);
		*out++ = digit_of(v >> 12);
		*out++ = len > 1 ? digit_of(v >> 6) : '=';
		*out++ = '=';
	}
	return (int)(out - start);
}

int base64_decode(struct slice text, void *out, size_t cap)
{
	uint8_t *to = out;
	size_t pad = 0, len;

	if (text.len % 4 != 0 || text.len > INT32_MAX)
		return E_ARG;
	if (text.len > 0 && text.p[text.len - 1] == '=')
		pad = text.p[text.len - 2] == '=' ? 2 : 1;
	len = text.len / 4 * 3 - pad;
	if (len > cap)
		return E_LIMIT;
	for (size_t i = 0; i < text.len; i += 4) {
		size_t tail = i + 4 == text.len ? pad : 0;
		uint32_t v = 0;

		for (size_t k = 0; k < 4; k++) {
			int d = k < 4 - tail ? value_of(text.p[i + k]) : 0;

			if (d < 0)
				return E_ARG;
			v = v << 6 | (uint32_t)d;
		}
		if ((tail == 1 && (v & 0xff) != 0) || (tail == 2 && (v & 0xffff) != 0))
			return E_ARG;
		*to++ = (uint8_t)(v >> 16);
		if (tail < 2)
			*to++ = (uint8_t)(v >> 8);
		if (tail < 1)
			*to++ = (uint8_t)v;
	}
	return (int)len;
}
