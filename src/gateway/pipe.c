/*
 * pipe.c - moving bytes in place, from one channel's view to the other, and the ends.
 *
 * A client that ends its direction may still want the answers to what it said: where the provider's
 * connection is in clear the end is passed on, and the answers come; in TLS an end is an end for
 * both directions, so the provider has a moment of silence before it is told. A provider's end that
 * was not in order (TLS cut short) is passed on without close_notify (TL-13).
 */
#include "gateway/pipe.h"

enum { STUCK_MS = 600000, SILENCE_MS = 2000, BULK = 1500 };

void pipe_start(struct pipe *p)
{
	*p = (struct pipe){ .moved_ms = port_clock_ms() };
}

/* As much as there is and has room. Large buffers are worth it only where much passes. */
static size_t move(struct chan *from, struct chan *to)
{
	size_t moved = 0, n = 1;
	struct slice in;

	while (n > 0 && (in = chan_view(from)).len > 0) {
		if (in.len >= BULK && !to->bulk) {
			chan_bulk(from, true);
			chan_bulk(to, true);
		}
		n = chan_pass(to, in);
		chan_skip(from, n);
		moved += n;
	}
	return moved;
}

static bool waits(struct chan *ch)
{
	return chan_view(ch).len > 0;
}

/* The provider has said all it will say, and that has gone to the client's channel. */
static int provider_over(struct session *s)
{
	if (s->down.error != E_OK)
		return E_EOF;
	if (!chan_flushed(&s->down))
		return 0;
	if (s->up.error != E_OK)
		return E_EOF;
	return chan_finish(&s->down) == E_AGAIN ? 0 : E_EOF;
}

/* The client's direction has ended, and what it said has gone to the provider's channel. */
static int client_over(struct session *s, struct pipe *p)
{
	uint64_t silent_ms = port_clock_ms() - p->moved_ms;

	if (!chan_flushed(&s->up))
		return 0;
	if (s->down.error == E_OK && s->up.tls == NULL && !p->down_over) {
		p->down_over = chan_finish(&s->up) != E_AGAIN;
		return p->down_over;
	}
	if (s->down.error == E_OK && silent_ms < (s->up.tls != NULL ? SILENCE_MS : STUCK_MS))
		return 0;
	return chan_finish(&s->up) == E_AGAIN && silent_ms < STUCK_MS ? 0 : E_EOF;
}

bool pipe_busy(struct session *s)
{
	return waits(&s->down) || waits(&s->up) || !chan_flushed(&s->down) || !chan_flushed(&s->up);
}

static bool ended(struct chan *ch)
{
	return !waits(ch) && (ch->error != E_OK || chan_at_end(ch));
}

int pipe_step(struct session *s, struct pipe *p, uint32_t idle_ms)
{
	size_t moved = move(&s->down, &s->up);
	uint64_t now = port_clock_ms();
	bool stuck;

	moved += move(&s->up, &s->down);
	if (moved > 0) {
		p->moved_ms = now;
		return 1;
	}
	chan_bulk(&s->up, false);
	chan_bulk(&s->down, false);
	if (ended(&s->up))
		return provider_over(s);
	if (ended(&s->down))
		return client_over(s, p);
	stuck = pipe_busy(s) && now - p->moved_ms >= STUCK_MS;
	return stuck || now - p->moved_ms >= idle_ms ? E_TIMEOUT : 0;
}

uint64_t pipe_deadline_ms(const struct session *s, const struct pipe *p, uint32_t idle_ms)
{
	const uint32_t looks[] = { s->down.ended ? SILENCE_MS : STUCK_MS, STUCK_MS, idle_ms };
	uint64_t silent_ms = port_clock_ms() - p->moved_ms;

	for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++)
		if (silent_ms < looks[i])
			return p->moved_ms + looks[i];
	return UINT64_MAX;
}
