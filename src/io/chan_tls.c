/*
 * chan_tls.c - the pump through TLS: writing and reading take turns as the engine asks.
 *
 * Public-key work happens inside the engine while it is given bytes of a handshake, so that is
 * what is rationed: one record of a handshake a pass of the loop, first come first served.
 */
#include <string.h>

#include "io/chan_parts.h"

enum { PUMP_ROUNDS = 64 }; /* reads or writes of one pump: a flood of empty records ends there */

static struct {
	struct waiter_list list;
	bool spent;
} shaking;

static int write_tls(struct chan *ch)
{
	const uint8_t *p;
	size_t len;
	int moved = 0, n;

	while ((p = tls_out(ch->tls, &len)) != NULL) {
		n = port_write(ch->net, p, len);
		if (n == E_AGAIN)
			return moved;
		if (n < 0)
			return n;
		tls_out_ack(ch->tls, (size_t)n);
		moved += n;
	}
	return moved;
}

/* Whether bytes of a handshake may be worked on in this pass; if not, the channel stands in
 * line. */
static bool may_shake(struct chan *ch)
{
	if (!tls_shaking(ch->tls))
		return true;
	if (!shaking.spent && waiter_turn(&shaking.list, &ch->turn))
		return true;
	if (ch->turn.list != &shaking.list)
		wait_leave(&ch->turn);
	waiter_join(&shaking.list, &ch->turn, ch->owner);
	waiter_wake(&shaking.list); /* the loop must not sleep before the next pass */
	return false;
}

static void shaken(struct chan *ch, bool step)
{
	if (ch->turn.list == &shaking.list) {
		if (step)
			waiter_leave(&ch->turn);
		else
			wait_leave(&ch->turn);
	}
	if (!step || ch->turn.list != NULL)
		return;
	shaking.spent = true;
	if (!tls_shaking(ch->tls))
		return;
	waiter_join(&shaking.list, &ch->turn, ch->owner);
	waiter_wake(&shaking.list);
}

static int end_of_input(struct chan *ch)
{
	if (ch->finishing || tls_peer_closed(ch->tls)) {
		ch->ended = true;
		return 0;
	}
	return chan_tls_failed(ch, TLS_TRUNCATED, 0);
}

/* Reads what there is, at most one small buffer: several records with one call. Only where such
 * buffers abound; without one the engine is read for, part by part. */
static int read_ahead(struct chan *ch)
{
	int n;

	if (ch->ahead == NULL) {
		ch->ahead = buffer_try(BUFFER_LINE);
		ch->ahead_class = BUFFER_LINE;
	}
	if (ch->ahead == NULL)
		return 0;
	n = port_read(ch->net, ch->ahead, buffer_size(BUFFER_LINE));
	ch->ahead_at = 0;
	ch->ahead_len = (uint16_t)(n > 0 ? n : 0);
	return n;
}

/* Bytes that were read before the engine wanted them, perhaps before TLS was known to come. */
static int take_ahead(struct chan *ch, uint8_t *p, size_t len)
{
	if (len > ch->ahead_len)
		len = ch->ahead_len;
	memcpy(p, ch->ahead + ch->ahead_at, len);
	ch->ahead_at = (uint16_t)(ch->ahead_at + len);
	ch->ahead_len = (uint16_t)(ch->ahead_len - len);
	return (int)len;
}

/* What the engine wants next into `p`: the rest of a record, or the first bytes of one, which are
 * few. */
static int read_wanted(struct chan *ch, uint8_t *p, size_t len)
{
	int n = 0;

	if (ch->ahead_len == 0 && len <= TLS_HEADER_LEN)
		n = read_ahead(ch);
	if (n < 0)
		return n;
	return ch->ahead_len > 0 ? take_ahead(ch, p, len) : port_read(ch->net, p, len);
}

/* One read. */
static int read_tls(struct chan *ch)
{
	bool starved, step = false;
	uint8_t *p;
	size_t len;
	int n;

	if (ch->ended || !may_shake(ch))
		return 0;
	p = tls_in(ch->tls, &ch->turn, ch->owner, &len, &starved);
	ch->starved = ch->starved || starved;
	if (p == NULL)
		return 0;
	n = read_wanted(ch, p, len);
	if (n > 0)
		step = tls_in_ack(ch->tls, p, (size_t)n);
	shaken(ch, step);
	if (n == E_AGAIN)
		return 0;
	return n == E_EOF ? end_of_input(ch) : n;
}

/* What the engine has become by what it was told. */
static void look_at_tls(struct chan *ch)
{
	uint8_t alert;
	enum tls_failure why = tls_why(ch->tls, &alert);

	if (tls_peer_closed(ch->tls))
		ch->ended = true;
	if (why != TLS_FINE) {
		write_tls(ch); /* an alert, if the connection takes it at once */
		chan_tls_failed(ch, why, alert);
	}
}

int chan_pump_tls(struct chan *ch)
{
	int moved = 0, out, in;

	tls_flush(ch->tls);
	for (int i = 0; i < PUMP_ROUNDS; i++) {
		out = write_tls(ch);
		in = ch->error == E_OK ? read_tls(ch) : 0;
		look_at_tls(ch);
		moved += (out > 0 ? out : 0) + (in > 0 ? in : 0);
		if (in < 0 && in != E_TLS)
			chan_failed(ch, ch->finishing ? E_EOF : in);
		if (out < 0 && in <= 0)
			chan_failed(ch, out);
		if (ch->error != E_OK || (out <= 0 && in <= 0))
			return moved;
	}
	return moved;
}

PORT_IDLE void chan_pass_begin(void)
{
	shaking.spent = false;
	waiter_wake(&shaking.list);
}

void chan_shake_reset(void)
{
	memset(&shaking, 0, sizeof shaking);
}
