/*
 * fuzz_sasl.c - any lines of a client against each mechanism: identities without controls, nothing beyond
 * its bounds, and nothing left behind after an error. The first byte chooses the mechanism, its top bit
 * an initial response; lines are parted by LF.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "proto/sasl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct sasl_server *s)
{
	struct slice parts[] = { sasl_authzid(s), sasl_authcid(s), sasl_password(s) };

	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < parts[i].len; k++)
			if (parts[i].p[k] == 0 || parts[i].p[k] == '\r' || parts[i].p[k] == '\n')
				abort();
	if (parts[1].len == 0)
		abort();
	(void)sasl_cram_check(s, slice_str("password"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t random[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct slice rest = { data, size }, challenge, none = { NULL, 0 }, line;
	char out[SASL_CHALLENGE_TEXT];
	struct sasl_server s;
	bool initial;
	int e;

	if (size < 1)
		return 0;
	memset(&s, 0, sizeof s);
	initial = (data[0] & 0x80) != 0;
	sasl_cram_challenge(&s, random, 1790000000, slice_str("gw.test"));
	rest = slice_from(rest, 1);
	line = slice_head(rest, slice_find(rest, '\n'));
	if (initial)
		rest = slice_from(rest, line.len + 1);
	e = sasl_server_start(&s, (enum sasl_mech)((data[0] & 0x7f) % SASL_MECHS),
		initial && line.p != NULL ? line : none, &challenge, out, sizeof out);
	while (e == E_MORE && rest.len > 0) {
		line = slice_head(rest, slice_find(rest, '\n'));
		rest = slice_from(rest, line.len + 1);
		e = sasl_server_line(&s, line, &challenge, out, sizeof out);
	}
	if (e == E_OK)
		check(&s);
	else if (e != E_MORE && (s.state != SASL_IDLE || s.password_len != 0))
		abort();
	return 0;
}
