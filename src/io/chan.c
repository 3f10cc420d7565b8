/*
 * chan.c - a connection: start, pump, end. What is done with the bytes stands in chan_data.c.
 *
 * A pump writes what is queued, then reads until the connection has no more or the buffers are
 * full; with TLS, writing and reading take turns as the engine asks. A failure is kept until
 * what arrived before it could be read: the pump that meets it reports what it moved, the next
 * one the failure.
 *
 * Public-key work happens inside the engine while it is given bytes of a handshake, so that is
 * what is rationed: one record of a handshake a pass of the loop, first come first served.
 */
#include "io/chan.h"

#include <string.h>

#include "base/hash.h"
#include "io/chan_parts.h"

enum { PUMP_ROUNDS = 64 }; /* reads or writes of one pump: a flood of empty records ends there */

static struct {
	struct waiter_list list;
	bool spent;
} shaking;

/* ---- start ---- */

void chan_open(struct chan *ch, struct port_tcp *net, port_owner owner)
{
	*ch = (struct chan){ .net = net, .owner = owner, .in_class = BUFFER_NONE,
		.out_class = BUFFER_NONE };
}

int chan_connect(struct chan *ch, const struct port_addr *to, port_owner owner)
{
	struct port_tcp *net;
	int r = port_connect(to, owner, &net);

	chan_open(ch, r == E_OK ? net : NULL, owner);
	return r;
}

bool chan_is_open(const struct chan *ch)
{
	return ch->net != NULL;
}

static int failed(struct chan *ch, int error)
{
	if (ch->error == E_OK)
		ch->error = error;
	if (ch->tls != NULL)
		tls_abandon(ch->tls);
	wait_leave(&ch->turn);
	return ch->error;
}

static int tls_failed(struct chan *ch, enum tls_failure why, uint8_t alert)
{
	if (ch->error == E_OK) {
		ch->why = why;
		ch->alert = alert;
	}
	return failed(ch, E_TLS);
}

/* ---- in clear ---- */

static int write_clear(struct chan *ch)
{
	int moved = 0, n;

	while (ch->out_len > 0) {
		n = port_write(ch->net, ch->out + ch->out_at, ch->out_len);
		if (n == E_AGAIN)
			return moved;
		if (n < 0)
			return n;
		ch->out_at = (uint16_t)(ch->out_at + n);
		ch->out_len = (uint16_t)(ch->out_len - n);
		moved += n;
	}
	ch->out_at = 0;
	return moved;
}

/* E_EOF is not an error: the peer has ended in order. */
static int read_clear(struct chan *ch)
{
	int moved = 0, n;
	size_t room;

	while (!ch->ended && (room = chan_in_room(ch)) > 0) {
		n = port_read(ch->net, ch->in + ch->in_at + ch->in_len, room);
		if (n == E_AGAIN)
			return moved;
		if (n < 0 && n != E_EOF)
			return n;
		if (n == E_EOF) {
			ch->ended = true;
			return moved + 1;
		}
		ch->in_len = (uint16_t)(ch->in_len + n);
		moved += n;
	}
	return moved;
}

static int pump_clear(struct chan *ch)
{
	int out = write_clear(ch), in = read_clear(ch);

	/* What the peer said before it stopped listening has been read by now. */
	if (out < 0)
		failed(ch, out);
	if (in < 0)
		failed(ch, in);
	return (out > 0 ? out : 0) + (in > 0 ? in : 0);
}

/* ---- through TLS ---- */

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
	return tls_failed(ch, TLS_TRUNCATED, 0);
}

/* Bytes that were read before TLS was known to come. */
static int read_early(struct chan *ch, uint8_t *p, size_t len)
{
	if (len > ch->in_len)
		len = ch->in_len;
	memcpy(p, ch->in + ch->in_at, len);
	ch->in_at = (uint16_t)(ch->in_at + len);
	ch->in_len = (uint16_t)(ch->in_len - len);
	ch->early = ch->in_len > 0;
	chan_in_idle(ch);
	return (int)len;
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
	n = ch->early ? read_early(ch, p, len) : port_read(ch->net, p, len);
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
		tls_failed(ch, why, alert);
	}
}

static int pump_tls(struct chan *ch)
{
	int moved = 0, out, in;

	tls_flush(ch->tls);
	for (int i = 0; i < PUMP_ROUNDS; i++) {
		out = write_tls(ch);
		in = ch->error == E_OK ? read_tls(ch) : 0;
		look_at_tls(ch);
		moved += (out > 0 ? out : 0) + (in > 0 ? in : 0);
		if (in < 0 && in != E_TLS)
			failed(ch, ch->finishing ? E_EOF : in);
		if (out < 0 && in <= 0)
			failed(ch, out);
		if (ch->error != E_OK || (out <= 0 && in <= 0))
			return moved;
	}
	return moved;
}

int chan_pump(struct chan *ch)
{
	int moved;

	if (ch->net == NULL || ch->error != E_OK)
		return ch->error;
	ch->starved = false;
	moved = ch->tls != NULL ? pump_tls(ch) : pump_clear(ch);
	if (moved == 0 || !ch->bulk || ch->error != E_OK) {
		chan_in_idle(ch);
		chan_out_idle(ch);
		if (ch->tls != NULL)
			tls_idle(ch->tls);
	}
	return moved > 0 ? moved : ch->error;
}

void chan_pass_begin(void)
{
	shaking.spent = false;
	waiter_wake(&shaking.list);
}

/* ---- TLS on ---- */

/* Nothing may have been read or be unsent: it would be taken for something said in TLS (A-20,
 * */
static int barrier(struct chan *ch, bool buffered)
{
	if (ch->error != E_OK)
		return ch->error;
	if (ch->net == NULL || ch->tls != NULL)
		return E_ARG;
	if ((ch->in_len > 0 && !buffered) || ch->out_len > 0 || ch->long_line)
		return tls_failed(ch, TLS_INJECTED, 0);
	chan_in_idle(ch);
	chan_out_idle(ch);
	wait_leave(&ch->turn);
	return E_OK;
}

static int started(struct chan *ch, struct tls *t)
{
	if (t == NULL)
		return ch->why == TLS_NO_SLOT ? E_NOSLOT : E_TLS;
	ch->tls = t;
	ch->early = ch->in_len > 0;
	ch->ended = false; /* the port says so again, and then it is a truncation */
	tls_bulk(t, ch->bulk);
	return E_OK;
}

int chan_tls_server(struct chan *ch, const struct tls_server_want *want)
{
	int r = barrier(ch, want->buffered);

	return r != E_OK ? r : started(ch, tls_server_start(want, &ch->why));
}

int chan_tls_client(struct chan *ch, const struct tls_client_want *want)
{
	int r = barrier(ch, false);

	return r != E_OK ? r : started(ch, tls_client_start(want, &ch->why));
}

bool chan_secure(const struct chan *ch)
{
	return ch->tls != NULL && tls_finished(ch->tls);
}

void chan_facts(const struct chan *ch, struct tls_facts *out)
{
	if (ch->tls != NULL)
		*out = *tls_facts_of(ch->tls);
	else
		*out = (struct tls_facts){ 0 };
}

uint64_t chan_lent_since_ms(const struct chan *ch)
{
	return ch->tls != NULL ? tls_lent_since_ms(ch->tls) : 0;
}

/* ---- end ---- */

int chan_finish(struct chan *ch)
{
	int r;

	if (ch->net == NULL)
		return E_ARG;
	if (ch->error != E_OK)
		return ch->error == E_EOF && ch->finishing ? E_OK : ch->error;
	if (!chan_flushed(ch))
		return E_AGAIN;
	if (ch->tls != NULL && tls_finished(ch->tls) && !ch->finishing) {
		ch->finishing = true;
		tls_close(ch->tls);
		chan_pump(ch);
		if (!chan_flushed(ch))
			return E_AGAIN;
	}
	r = port_finish(ch->net);
	if (r != E_OK)
		return failed(ch, r);
	ch->finishing = true;
	return E_OK;
}

/* Everything but the connection itself. */
static void release(struct chan *ch)
{
	wait_leave(&ch->turn);
	if (ch->in != NULL)
		buffer_give((enum buffer_class)ch->in_class, ch->in);
	if (ch->out != NULL)
		buffer_give((enum buffer_class)ch->out_class, ch->out);
	if (ch->tls != NULL)
		tls_stop(ch->tls);
	*ch = (struct chan){ .in_class = BUFFER_NONE, .out_class = BUFFER_NONE };
}

void chan_close(struct chan *ch)
{
	if (ch->net != NULL)
		port_close(ch->net);
	release(ch);
}

void chan_abort(struct chan *ch)
{
	if (ch->net != NULL)
		port_abort(ch->net);
	release(ch);
}

void chan_reset(void)
{
	memset(&shaking, 0, sizeof shaking);
	tls_reset();
}
