/*
 * tls_engine.c - bytes through BearSSL, and what became of a connection.
 *
 * After a failure the engine is dead; where nothing is encrypted yet, the peer is still told why
 * by an alert of our own making.
 */
#include "io/tls_engine.h"

#include <string.h>

#include "io/tls_context.h"
#include "io/x509_known.h"

enum { RECORD_ALERT = 21, RECORD_FIRST = 20, RECORD_LAST = 23,
	ALERT_NO_PROTOCOL = 120 };

/* ---- what became of it ---- */

static void server_finished(struct tls_server *s)
{
	s->t.facts.resumed = !s->chosen;
}

static void client_finished(struct tls_client *c)
{
	br_ssl_session_parameters params;

	br_ssl_engine_get_session_parameters(&c->ctx.eng, &params);
	c->t.facts.resumed = c->offering && params.session_id_len == sizeof c->offered &&
		memcmp(params.session_id, c->offered, sizeof c->offered) == 0;
	mem_wipe(&params, sizeof params);
	if (!c->t.facts.resumed)
		x509_check_facts(c->x509, &c->t.facts);
	tls_cache_keep(c);
}

static void finished(struct tls *t)
{
	br_ssl_session_parameters params;

	br_ssl_engine_get_session_parameters(t->lend.eng, &params);
	t->facts.version = params.version;
	t->facts.suite = params.cipher_suite;
	mem_wipe(&params, sizeof params);
	if (t->server)
		server_finished(tls_as_server(t));
	else
		client_finished(tls_as_client(t));
	t->finished = true;
	tls_handshake_release(t);
}

static void last_words(struct tls *t, uint8_t alert)
{
	const uint8_t words[TLS_LAST_WORDS] = { RECORD_ALERT, 3, 3, 0, 2, 2, alert };

	if (!lend_clear(&t->lend) || t->finished)
		return;
	memcpy(t->words, words, sizeof words);
	t->words_at = 0;
	t->words_len = sizeof words;
}

static void fail(struct tls *t, enum tls_failure why, uint8_t alert)
{
	if (t->why != TLS_FINE)
		return;
	t->why = (uint8_t)why;
	t->alert = alert;
	if (!t->server && !t->finished)
		tls_cache_drop(tls_as_client(t));
}

/* The engine has stopped: what it means. An alert is sent unless one has been sent or received. */
static void over(struct tls *t)
{
	int err = br_ssl_engine_last_error(t->lend.eng);
	uint8_t alert;
	enum tls_failure why = tls_failure_of(err, &alert);
	const struct tls_client *c = t->server ? NULL : tls_as_client(t);

	if (why == TLS_FINE && !t->finished && !t->closing)
		why = TLS_TRUNCATED; /* close_notify instead of a handshake */
	if (why == TLS_FINE)
		return;
	if (c != NULL && c->x509 != NULL && err < BR_ERR_RECV_FATAL_ALERT) {
		enum tls_failure found = x509_check_why(c->x509, err);

		why = found != TLS_FINE ? found : why;
	}
	if (err > BR_ERR_OK && err < BR_ERR_RECV_FATAL_ALERT && t->why == TLS_FINE)
		last_words(t, tls_alert_for(why));
	fail(t, why, alert);
}

/* After anything that the engine was told. */
static void settle(struct tls *t)
{
	if (!t->finished && lend_open(&t->lend))
		finished(t);
	if (lend_over(&t->lend) && t->why == TLS_FINE) {
		over(t);
		tls_handshake_release(t);
	}
}

/* ---- bytes ---- */

uint8_t *tls_in(struct tls *t, struct waiter *w, port_owner owner, size_t *len, bool *starved)
{
	*starved = false;
	*len = 0;
	return t->why == TLS_FINE ? lend_record(&t->lend, w, owner, len, starved) : NULL;
}

/* Whether the first record's header begins like one of TLS. */
static bool sounds_like_tls(struct tls *t, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len && t->heard < 2; i++, t->heard++)
		if (t->heard == 0 ? p[i] < RECORD_FIRST || p[i] > RECORD_LAST : p[i] != 3)
			return false;
	return true;
}

/* A handshake that never ends: records without content, hellos, warnings (TL-16). */
static bool too_much(struct tls *t, size_t len)
{
	if (t->finished)
		return false;
	t->shaken += (uint32_t)len;
	return t->shaken > TLS_SHAKE_MAX;
}

/* ALPN: the one name that is right, or none at all. */
static bool alpn_suits(struct tls_server *s, const uint8_t *p, size_t len)
{
	enum tls_alpn found;

	if (s->alpn[0] == '\0' || !lend_in_hello(&s->t.lend))
		return true;
	found = tls_hello_read(&s->hello, s->alpn, p, len);
	if (found == ALPN_MATCH)
		lend_alpn(&s->t.lend, &s->alpn_name);
	return found != ALPN_MISMATCH;
}

bool tls_in_ack(struct tls *t, const uint8_t *p, size_t len)
{
	bool step;

	if (!sounds_like_tls(t, p, len)) {
		fail(t, TLS_PLAINTEXT, 0);
		return true;
	}
	if (too_much(t, len)) {
		fail(t, TLS_PROTOCOL, 0);
		return true;
	}
	if (t->server && !t->finished && !alpn_suits(tls_as_server(t), p, len)) {
		last_words(t, ALERT_NO_PROTOCOL);
		fail(t, TLS_PROTOCOL, ALERT_NO_PROTOCOL);
		return true;
	}
	step = lend_record_ack(&t->lend, len);
	settle(t);
	return step;
}

const uint8_t *tls_out(struct tls *t, size_t *len)
{
	if (t->words_len > 0) {
		*len = t->words_len;
		return t->words + t->words_at;
	}
	*len = 0;
	return t->why == TLS_FINE ? br_ssl_engine_sendrec_buf(t->lend.eng, len) : NULL;
}

void tls_out_ack(struct tls *t, size_t len)
{
	if (t->words_len > 0) {
		t->words_at = (uint8_t)(t->words_at + len);
		t->words_len = (uint8_t)(t->words_len - len);
		return;
	}
	lend_sent(&t->lend, len);
	settle(t);
}

const uint8_t *tls_payload(const struct tls *t, size_t *len)
{
	return br_ssl_engine_recvapp_buf(t->lend.eng, len);
}

void tls_payload_ack(struct tls *t, size_t len)
{
	lend_payload_ack(&t->lend, len);
}

uint8_t *tls_space(struct tls *t, struct waiter *w, port_owner owner, size_t *len)
{
	*len = 0;
	return t->finished ? lend_space(&t->lend, w, owner, len) : NULL;
}

void tls_space_ack(struct tls *t, size_t len)
{
	br_ssl_engine_sendapp_ack(t->lend.eng, len);
}

void tls_flush(struct tls *t)
{
	lend_flush(&t->lend);
}

void tls_close(struct tls *t)
{
	if (t->closing)
		return;
	t->closing = true;
	br_ssl_engine_close(t->lend.eng);
	settle(t);
}

/* ---- questions ---- */

bool tls_shaking(const struct tls *t)
{
	return !t->finished && t->why == TLS_FINE;
}

bool tls_finished(const struct tls *t)
{
	return t->finished;
}

enum tls_failure tls_why(const struct tls *t, uint8_t *alert)
{
	*alert = t->alert;
	return (enum tls_failure)t->why;
}

bool tls_peer_closed(const struct tls *t)
{
	return lend_peer_closed(&t->lend) && t->finished;
}

bool tls_mute(const struct tls *t)
{
	return t->finished && !lend_open(&t->lend);
}

bool tls_unsent(const struct tls *t)
{
	return t->words_len > 0 || lend_unsent(&t->lend);
}

bool tls_has_input(const struct tls *t)
{
	return lend_has_record(&t->lend);
}

void tls_bulk(struct tls *t, bool on)
{
	t->lend.bulk = on;
}

void tls_abandon(struct tls *t)
{
	lend_abandon(&t->lend);
}

void tls_idle(struct tls *t)
{
	if (t->finished || t->why != TLS_FINE)
		lend_idle(&t->lend);
}

const struct tls_facts *tls_facts_of(const struct tls *t)
{
	return &t->facts;
}

uint64_t tls_lent_since_ms(const struct tls *t)
{
	uint64_t in = t->lend.in_since_ms, out = t->lend.out_since_ms;

	return in == 0 ? out : out == 0 || in < out ? in : out;
}

void tls_forget_sessions(void)
{
	tls_cache_reset();
	x509_known_reset();
}
