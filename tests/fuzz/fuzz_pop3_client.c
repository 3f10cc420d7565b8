/*
 * fuzz_pop3_client.c - a hostile POP3 server against the client half; see talk_fuzz.h.
 */
#include "proto/pop3_client.h"
#include "talk_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool harmless(struct slice said)
{
	return slice_eq(said, slice_str("CAPA")) || slice_eq(said, slice_str("STLS"));
}

static bool success(const struct talk *t, struct slice line)
{
	(void)t;
	return slice_eq(slice_head(line, 3), slice_str("+OK"));
}

static bool last_part(const struct talk *t)
{
	return t->state == POP3_UP_AUTH || t->state == POP3_UP_AUTH_MORE || t->state == POP3_UP_PASS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pop3_client c;
	struct fuzz f = { &c.talk, 0, false, POP3_UP_AUTH, harmless, success, last_part };

	if (size < 1)
		return 0;
	f.choice = data[0];
	pop3_client_start(&c, fuzz_security(f.choice), fuzz_sign_in(f.choice), fuzz_mechs(f.choice));
	fuzz_play(&f, data + 1, size - 1);
	return 0;
}
