/*
 * fuzz_tls_client.c - the client's side of TLS against any bytes, the chain's verification
 * included. The first byte chooses between the bundle and a pin.
 */
#include "tls_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_client_want cw = rig_client_want;
	struct side *s;

	if (size < 2)
		return 0;
	rig_reset(1);
	s = rig_connect();
	s->step = fuzz_step;
	if ((data[0] & 1) != 0)
		cw.pin_count = 1;
	if (chan_tls_client(&s->ch, &cw) != E_OK)
		abort();
	fuzz_play(s, data + 1, size - 1);
	fuzz_end(s);
	return 0;
}
