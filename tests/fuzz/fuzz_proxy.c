/*
 * fuzz_proxy.c - any beginning of a connection as a PROXY header: what a prefix is called never changes
 * but from "so far a header" to an outcome, and the outcome is that of the whole.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "error.h"
#include "proto/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header h;
	int whole, first = E_AGAIN;

	if (size == 0 || size > 2 * PROXY_HEADER_MAX)
		return 0;
	whole = proxy_parse(slice_of(data, size), &h);
	if (whole > 0 && (size_t)whole > size)
		abort();
	for (size_t n = 1; n <= size && first == E_AGAIN; n++)
		first = proxy_parse(slice_of(data, n), &h);
	if (first != whole || (first == E_AGAIN && size > PROXY_HEADER_MAX))
		abort();
	return 0;
}
