/*
 * utf8.c - UTF-8 checked byte by byte: the lead octet says how many follow and from which value
 * on the form is the shortest.
 */
#include "proto/utf8.h"

/* Length of the character at the start of `text`, or 0 when it is none. */
static size_t character(struct slice text)
{
	uint8_t lead = text.p[0];
	size_t len = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : (lead & 0xf0) == 0xe0 ? 3 :
		lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
	uint8_t second;

	if (len < 2 || text.len < len)
		return len == 1 ? 1 : 0;
	for (size_t i = 1; i < len; i++)
		if ((text.p[i] & 0xc0) != 0x80)
			return 0;
	second = text.p[1];
	if ((lead == 0xc2 && second < 0xa0) || (lead == 0xe0 && second < 0xa0) ||
		(lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) ||
		(lead == 0xf4 && second > 0x8f))
		return 0;
	return len;
}

bool utf8_valid(struct slice text)
{
	while (text.len > 0) {
		size_t n = character(text);

		if (n == 0)
			return false;
		text = slice_from(text, n);
	}
	return true;
}

bool utf8_needed(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] >= 0x80)
			return true;
	return false;
}
