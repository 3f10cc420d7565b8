/*
 * fuzz_tls_server.c - the server's side of TLS against any bytes. The first byte chooses
 * version, key and ALPN.
 */
#include "tls_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t versions[] = { TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_2 };
	struct tls_server_want sw = rig_server_want;
	struct side *s;

	if (size < 2)
		return 0;
	rig_reset(1);
	sw.version_min = versions[data[0] & 3];
	sw.identity = (uint8_t)(data[0] >> 2 & 3) % RIG_IDENTITIES;
	sw.alpn = (data[0] & 16) != 0 ? "smtp" : NULL;
	s = rig_accept();
	s->step = fuzz_step;
	if (chan_tls_server(&s->ch, &sw) != E_OK)
		abort();
	fuzz_play(s, data + 1, size - 1);
	fuzz_end(s);
	return 0;
}
