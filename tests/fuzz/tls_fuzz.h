/*
 * tls_fuzz.h - one channel with TLS and a hostile peer, from the bytes of one input.
 *
 * Entropy and time are fixed, so an input always means the same. The input is what the peer
 * sends, cut by a small language: a byte n < 0xf0 begins a piece of n bytes (0: all the rest)
 * that is sent as it is; n >= 0xf0 begins a record of ours: type (n & 3) + 20 and a length of
 * one byte follow. In between the channel runs, reads, writes and is ended as a session would.
 */
#ifndef TLS_FUZZ_H
#define TLS_FUZZ_H

#include <stdlib.h>

#include "unit/tls_rig.h"

/* cmocka's assertions end the process here. */
void _assert_true(const LargestIntegralType result, const char *const expression,
	const char *const file, const int line)
{
	(void)expression, (void)file, (void)line;
	if (!result)
		abort();
}

void _assert_int_equal(const LargestIntegralType a, const LargestIntegralType b, const char *const file,
	const int line)
{
	(void)file, (void)line;
	if (a != b)
		abort();
}

static inline int fuzz_step(struct side *s)
{
	struct slice line;
	bool bare;
	int moved = 0;

	for (int i = 0; i < 100; i++) {
		int r = chan_line(&s->ch, &line, &bare);

		if (r == E_OK)
			chan_line_done(&s->ch);
		else if (r != E_LIMIT && r != E_EXIST)
			break;
		moved++;
	}
	if (moved > 0)
		chan_put(&s->ch, "250 ok\r\n", 8);
	return moved;
}

static inline void fuzz_send(struct side *s, const uint8_t *p, size_t len)
{
	while (len > 0) {
		int n = sim_peer_write(s->far, p, len);
		uint8_t back[SIM_QUEUE];

		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
		for (int i = 0; i < 3; i++) {
			rig_pass(NULL);
			sim_peer_read(s->far, back, sizeof back);
		}
		if (n <= 0 && s->ch.error != E_OK)
			return;
	}
}

static inline void fuzz_play(struct side *s, const uint8_t *data, size_t size)
{
	while (size > 0) {
		uint8_t n = *data++;
		size_t len = n == 0 ? --size : n;
		uint8_t header[5] = { (uint8_t)(20 + (n & 3)), 3, 3, 0, 0 };

		if (n != 0)
			size--;
		if (n >= 0xf0 && size > 0) {
			len = *data++;
			size--;
			header[4] = (uint8_t)len;
			fuzz_send(s, header, sizeof header);
		}
		if (len > size)
			len = size;
		fuzz_send(s, data, len);
		data += len;
		size -= len;
	}
}

static inline void fuzz_end(struct side *s)
{
	sim_peer_finish(s->far);
	rig_settle(NULL);
	chan_finish(&s->ch);
	rig_settle(NULL);
	rig_end();
}

#endif
