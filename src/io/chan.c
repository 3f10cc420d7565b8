/*
 * chan.c - a connection: start, pump, end. What is done with the bytes stands in chan_data.c, the
 * pump through TLS in chan_tls.c.
 *
 * A pump writes what is queued, then reads until the connection has no more or the buffers are
 * full. A failure is kept until what arrived before it could be read: the pump that meets it
 * reports what it moved, the next one the failure.
 */
#include "io/chan.h"

#include <string.h>

#include "base/hash.h"
#include "io/chan_parts.h"

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

int chan_failed(struct chan *ch, int error)
{
	if (ch->error == E_OK)
		ch->error = error;
	if (ch->tls != NULL)
		tls_abandon(ch->tls);
	wait_leave(&ch->turn);
	return ch->error;
}

int chan_tls_failed(struct chan *ch, enum tls_failure why, uint8_t alert)
{
	if (ch->error == E_OK) {
		ch->why = why;
		ch->alert = alert;
	}
	return chan_failed(ch, E_TLS);
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
		chan_failed(ch, out);
	if (in < 0)
		chan_failed(ch, in);
	return (out > 0 ? out : 0) + (in > 0 ? in : 0);
}

int chan_pump(struct chan *ch)
{
	int moved;

	if (ch->net == NULL || ch->error != E_OK)
		return ch->error;
	ch->starved = false;
	moved = ch->tls != NULL ? chan_pump_tls(ch) : pump_clear(ch);
	if (moved == 0 || !ch->bulk || ch->error != E_OK) {
		chan_in_idle(ch);
		chan_out_idle(ch);
		chan_ahead_idle(ch);
		if (ch->tls != NULL)
			tls_idle(ch->tls);
	}
	return moved > 0 ? moved : ch->error;
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
		return chan_tls_failed(ch, TLS_INJECTED, 0);
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
	ch->ahead = ch->in;
	ch->ahead_at = ch->in_at;
	ch->ahead_len = ch->in_len;
	ch->ahead_class = ch->in_class;
	ch->in = NULL;
	ch->in_at = ch->in_len = 0;
	ch->in_class = BUFFER_NONE;
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
		return chan_failed(ch, r);
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
	if (ch->ahead != NULL)
		buffer_give((enum buffer_class)ch->ahead_class, ch->ahead);
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
	chan_shake_reset();
	tls_reset();
}
