/*
 * foreign.c - the first words of other protocols.
 */
#include "proto/foreign.h"

bool line_is_foreign(struct slice line)
{
	static const char *const methods[] = { "GET /", "POST /", "PUT /", "HEAD /", "OPTIONS ",
		"CONNECT ", "DELETE /", "PRI * HTTP", "Host:" };

	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if (slice_starts(line, methods[i]))
			return true;
	return line.len >= 2 && line.p[0] == 0x16 && line.p[1] == 0x03;
}
