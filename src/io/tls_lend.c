/*
 * tls_lend.c - lends record buffers to a BearSSL engine.
 *
 * The engine believes that its buffers are large enough for any record. What it really has:
 * - A handshake in clear is read in pieces through 64 bytes of our own, or a small buffer where
 *   half of them are free: the engine takes clear records in pieces.
 * - Once the peer encrypts, the five bytes of a record's header go to our own bytes too. Then
 *   the length is known (ixc), and a buffer of its class is lent until the payload is consumed.
 *   The header is not read again, so the buffer may be another one than the header was read
 *   into.
 * - Output: 128 bytes of our own hold alerts; a buffer is lent before payload is put in, and
 *   changed only while nothing is in it (oxa == oxc, and no closed record).
 *
 * Registers of BearSSL 0.6 (ssl_engine.c): ixa, ixb: unread payload, or both the end of what has
 * come of a record (0..4: of its header); ixc: bytes that are missing. oxc..oxa: payload of the
 * open record, oxb its limit; closed: oxa == oxb, oxa..oxc still to be sent.
 */
#include "io/tls_lend.h"

enum { HEADER = 5, IN_MAX = 16384 + 325, HANDSHAKE = 22 };

_Static_assert(RECORD_LARGE_BYTES >= IN_MAX, "a whole record has to fit");
_Static_assert(BR_MAX_CIPHER_SUITES == 48, "written for BearSSL 0.6");
_Static_assert(sizeof(void *) != 8 || sizeof(br_ssl_engine_context) == 3616,
	"written for BearSSL 0.6");
_Static_assert(sizeof(void *) != 4 || sizeof(br_ssl_engine_context) <= 3616,
	"written for BearSSL 0.6");

/* What make_ready_out() of the engine does. */
static void place_out(struct lend *l, uint8_t *p, enum buffer_class class)
{
	br_ssl_engine_context *e = l->eng;
	size_t from = HEADER, to;

	l->out = class == BUFFER_NONE ? NULL : p;
	l->out_class = (uint8_t)class;
	e->obuf = p;
	e->obuf_len = class == BUFFER_NONE ? sizeof l->own_out : buffer_size(class);
	to = e->obuf_len - HEADER;
	e->out.vtable->max_plaintext(&e->out.vtable, &from, &to);
	if (to - from > e->max_frag_len)
		to = from + e->max_frag_len;
	e->oxa = e->oxc = from;
	e->oxb = to;
}

static void give_out(struct lend *l)
{
	if (l->out != NULL)
		buffer_give((enum buffer_class)l->out_class, l->out);
	l->out = NULL;
	l->out_since_ms = 0;
}

static void place_in(struct lend *l, uint8_t *p, enum buffer_class class)
{
	l->in = class == BUFFER_NONE ? NULL : p;
	l->in_class = (uint8_t)class;
	l->eng->ibuf = p;
	if (l->eng->incrypt)
		l->eng->ibuf_len = class == BUFFER_NONE ? IN_MAX : buffer_size(class);
	else
		l->eng->ibuf_len = class == BUFFER_NONE ? sizeof l->own_in : buffer_size(class);
}

static void give_in(struct lend *l)
{
	if (l->in != NULL)
		buffer_give((enum buffer_class)l->in_class, l->in);
	l->in_since_ms = 0;
	place_in(l, l->own_in, BUFFER_NONE);
}

bool lend_start(struct lend *l, br_ssl_engine_context *eng)
{
	uint8_t *p = buffer_now(BUFFER_OUTPUT);

	l->eng = eng;
	eng->rng_os_rand_done = 1; /* no instruction for random numbers: all comes from the port */
	/* The lengths make the engine offer and accept full-sized fragments; the places follow. */
	br_ssl_engine_set_buffers_bidi(eng, l->own_in, IN_MAX, l->own_out, IN_MAX);
	place_in(l, l->own_in, BUFFER_NONE);
	place_out(l, p != NULL ? p : l->own_out, p != NULL ? BUFFER_OUTPUT : BUFFER_NONE);
	return p != NULL;
}

void lend_early_version(struct lend *l)
{
	l->eng->version_out = BR_TLS10;
}

void lend_stop(struct lend *l)
{
	if (l->in != NULL)
		buffer_give((enum buffer_class)l->in_class, l->in);
	if (l->out != NULL)
		buffer_give((enum buffer_class)l->out_class, l->out);
	l->in = l->out = NULL;
	l->in_since_ms = l->out_since_ms = 0;
}

bool lend_open(const struct lend *l)
{
	return !lend_over(l) && l->eng->application_data == 1;
}

bool lend_peer_closed(const struct lend *l)
{
	return l->eng->shutdown_recv != 0;
}

bool lend_clear(const struct lend *l)
{
	return l->eng->out.vtable == &br_sslrec_out_clear_vtable;
}

bool lend_over(const struct lend *l)
{
	return br_ssl_engine_current_state(l->eng) == BR_SSL_CLOSED;
}

/* In clear any buffer will do, and can be changed between pieces of a record. */
static void clear_buffer(struct lend *l)
{
	uint8_t *p;

	if (l->in != NULL || (l->eng->ixa != 0 && l->eng->ixa != HEADER))
		return;
	p = buffer_try(BUFFER_SMALL);
	if (p != NULL)
		place_in(l, p, BUFFER_SMALL);
}

/* A buffer for the record whose header has been read. */
static bool record_buffer(struct lend *l, struct waiter *w, port_owner owner)
{
	size_t need = HEADER + l->eng->ixc;
	enum buffer_class class = buffer_class_for(need);
	uint8_t *p;

	if (l->in != NULL && need <= buffer_size((enum buffer_class)l->in_class))
		return true;
	give_in(l);
	p = buffer_take(class, w, owner);
	if (p == NULL)
		return false;
	place_in(l, p, class);
	l->in_since_ms = port_clock_ms();
	return true;
}

uint8_t *lend_record(struct lend *l, struct waiter *w, port_owner owner, size_t *len,
	bool *starved)
{
	br_ssl_engine_context *e = l->eng;

	*starved = false;
	if (!lend_over(l) && e->ixa == e->ixb) {
		if (!e->incrypt)
			clear_buffer(l);
		else if (e->ixa == HEADER && !record_buffer(l, w, owner))
			*starved = true;
	}
	if (*starved) {
		*len = 0;
		return NULL;
	}
	return br_ssl_engine_recvrec_buf(e, len);
}

/* After anything that may have ended a record. */
static void settle_in(struct lend *l)
{
	br_ssl_engine_context *e = l->eng;

	if (lend_over(l)) {
		give_in(l);
	} else if (e->incrypt && e->ixa == 0 && e->ixb == 0) {
		give_in(l);
	} else if (l->in != NULL && e->incrypt && e->ixa != e->ixb) {
		l->in_since_ms = port_clock_ms();
	}
}

bool lend_record_ack(struct lend *l, size_t len)
{
	br_ssl_engine_context *e = l->eng;
	bool clear = !e->incrypt, body = e->ixa >= HEADER;

	br_ssl_engine_recvrec_ack(e, len);
	settle_in(l);
	return clear && body && e->record_type_in == HANDSHAKE && (lend_over(l) || e->ixa == 0);
}

bool lend_has_record(const struct lend *l)
{
	return !lend_over(l) && (l->eng->ixa != 0 || l->eng->ixb != 0);
}

void lend_payload_ack(struct lend *l, size_t len)
{
	br_ssl_engine_recvapp_ack(l->eng, len);
	settle_in(l);
}

static bool out_empty(const struct lend *l)
{
	return l->eng->oxa == l->eng->oxc && l->eng->oxa != l->eng->oxb;
}

static uint8_t *bulk_buffer(enum buffer_class *class)
{
	uint8_t *p = buffer_try(*class = BUFFER_LARGE);

	return p != NULL ? p : buffer_try(*class = BUFFER_MID);
}

/* Before payload is put into an empty output: the best buffer there is. */
static void out_buffer(struct lend *l, struct waiter *w, port_owner owner)
{
	enum buffer_class class = BUFFER_NONE;
	bool large = l->out != NULL && l->out_class != BUFFER_OUTPUT;
	uint8_t *p = l->bulk && !large ? bulk_buffer(&class) : NULL;

	if (p == NULL && l->out == NULL) {
		class = BUFFER_OUTPUT;
		p = buffer_ask(class, w, owner);
	}
	if (p == NULL)
		return;
	give_out(l);
	place_out(l, p, class);
}

uint8_t *lend_space(struct lend *l, struct waiter *w, port_owner owner, size_t *len)
{
	*len = 0;
	if (!lend_open(l))
		return NULL;
	if (out_empty(l)) {
		out_buffer(l, w, owner);
		if (l->out == NULL)
			return NULL;
	}
	return br_ssl_engine_sendapp_buf(l->eng, len);
}

void lend_flush(struct lend *l)
{
	br_ssl_engine_flush(l->eng, 0);
	if (l->out != NULL && l->out_class != BUFFER_OUTPUT && l->out_since_ms == 0 && !out_empty(l))
		l->out_since_ms = port_clock_ms();
}

void lend_sent(struct lend *l, size_t len)
{
	br_ssl_engine_sendrec_ack(l->eng, len);
	if (out_empty(l))
		l->out_since_ms = 0;
	if (lend_over(l))
		give_in(l);
}

bool lend_unsent(const struct lend *l)
{
	return !lend_over(l) && !out_empty(l);
}

void lend_abandon(struct lend *l)
{
	if (lend_over(l) || l->eng->ixa == l->eng->ixb)
		give_in(l);
}

void lend_idle(struct lend *l)
{
	if (l->out == NULL || (!lend_over(l) && !out_empty(l)))
		return;
	give_out(l);
	place_out(l, l->own_out, BUFFER_NONE);
}

bool lend_in_hello(const struct lend *l)
{
	return !l->eng->incrypt && l->eng->ixa >= HEADER && l->eng->record_type_in == HANDSHAKE;
}

void lend_ciphers(const br_ssl_engine_context *eng, struct ciphers *out)
{
	*out = (struct ciphers){ eng->iaes_ctr, eng->iaes_cbcenc, eng->iaes_cbcdec, eng->ighash,
		eng->ichacha, eng->ipoly };
}

void lend_alpn(struct lend *l, const char **name)
{
	l->eng->protocol_names = name;
	l->eng->selected_protocol = 1;
}
