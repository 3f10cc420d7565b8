/*
 * fuzz_xtext.c - xtext: what is valid decodes, what was encoded decodes to itself.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "proto/xtext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char raw[1024], text[3 * 1024], back[1024];
	struct fmt f = fmt_on(text, sizeof text);
	int n;

	if (size > sizeof raw)
		return 0;
	n = xtext_decode(slice_of(data, size), raw, sizeof raw);
	if (xtext_valid(slice_of(data, size)) != (n >= 0))
		abort();
	if (n < 0)
		return 0;
	xtext_encode(&f, slice_of(raw, (size_t)n));
	if (f.over || xtext_decode(fmt_result(&f), back, sizeof back) != n || memcmp(raw, back, (size_t)n))
		abort();
	return 0;
}
