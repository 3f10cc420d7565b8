/*
 * xtext.c - xtext: '+' and two upper-case hexadecimal digits for what may not stand as it is.
 */
#include "proto/xtext.h"

#include "error.h"

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The octet at index *at, which moves behind it; -1 where it is no xtext or not printable ASCII. */
static int next_octet(struct slice text, size_t *at)
{
	uint8_t c = text.p[(*at)++];
	int high, low;

	if (c < 33 || c > 126 || c == '=')
		return -1;
	if (c != '+')
		return c;
	if (text.len - *at < 2)
		return -1;
	high = hex_value(text.p[(*at)++]);
	low = hex_value(text.p[(*at)++]);
	if (high < 0 || low < 0)
		return -1;
	c = (uint8_t)(high << 4 | low);
	return c >= 32 && c <= 126 ? c : -1;
}

int xtext_decode(struct slice text, void *out, size_t cap)
{
	uint8_t *p = out;
	size_t n = 0;

	for (size_t at = 0; at < text.len;) {
		int c = next_octet(text, &at);

		if (c < 0)
			return E_ARG;
		if (n == cap)
			return E_LIMIT;
		p[n++] = (uint8_t)c;
	}
	return (int)n;
}

bool xtext_valid(struct slice text)
{
	for (size_t at = 0; at < text.len;)
		if (next_octet(text, &at) < 0)
			return false;
	return true;
}

void xtext_encode(struct fmt *f, struct slice raw)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < raw.len; i++) {
		uint8_t c = raw.p[i];

		if (c < 33 || c > 126 || c == '+' || c == '=') {
			fmt_char(f, '+');
			fmt_char(f, digits[c >> 4]);
			c = (uint8_t)digits[c & 15];
		}
		fmt_char(f, (char)c);
	}
}
