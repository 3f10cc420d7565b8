/*
 * tls_rig.h - channels on the simulated machine, with a wire between them that the test can
 * touch, and a loop that runs a channel only when it is due: an edge that is lost shows as a
 * stall.
 *
 * The identities are the rig's own (RIG_EC, RIG_RSA, RIG_BOTH), so that no certificate file is
 * needed.
 */
#ifndef TLS_RIG_H
#define TLS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/log.h"
#include "board.h"
#include "io/cert.h"
#include "io/chan.h"
#include "io/pools.h"
#include "io/trust.h"
#include "io/x509.h"
#include "sim.h"
#include "tls_creds.h"

enum { RIG_EC, RIG_RSA, RIG_BOTH, RIG_IDENTITIES, RIG_NOBODY = 99 };
enum { RIG_SIDES = 100, RIG_TURNS = 200 };

/* ---- identities ---- */

static struct identity rig_identity[RIG_IDENTITIES];
static int rig_holds;

static inline void rig_identity_ec(struct identity_leaf *leaf)
{
	leaf->chain[0] = (br_x509_certificate){ creds_ec_cert, sizeof creds_ec_cert };
	leaf->chain_len = 1;
	leaf->issuer_key_type = BR_KEYTYPE_EC;
	leaf->key.ec = (br_ec_private_key){ BR_EC_secp256r1, creds_ec_key, sizeof creds_ec_key };
}

static inline void rig_identity_rsa(struct identity_leaf *leaf)
{
	leaf->chain[0] = (br_x509_certificate){ creds_rsa_cert, sizeof creds_rsa_cert };
	leaf->chain_len = 1;
	leaf->issuer_key_type = BR_KEYTYPE_EC;
	leaf->key.rsa = (br_rsa_private_key){ 2048, creds_rsa_p, sizeof creds_rsa_p,
		creds_rsa_q, sizeof creds_rsa_q, creds_rsa_dp, sizeof creds_rsa_dp,
		creds_rsa_dq, sizeof creds_rsa_dq, creds_rsa_iq, sizeof creds_rsa_iq };
}

const struct identity *identity_hold(uint8_t number)
{
	if (number >= RIG_IDENTITIES)
		return NULL;
	rig_holds++;
	return &rig_identity[number];
}

void identity_release(const struct identity *id)
{
	(void)id;
	rig_holds--;
}

/* ---- sides ---- */

struct side {
	struct chan ch;
	int far;                 /* our end of the wire */
	int (*step)(struct side *);
	uint64_t to_send, sent, got;
	uint32_t sum_out, sum_in, noise;
	uint32_t turns;          /* passes in which it ran */
	int result;              /* of the last pump */
};

static struct side rig_side[RIG_SIDES];
static struct port_listener *rig_listener;
static int rig_far_listener;
static int rig_used;

static inline port_owner rig_owner(int i) { return owner_of(OWNER_SESSION, (uint16_t)i); }

static inline void rig_reset(uint64_t seed)
{
	struct port_addr any = sim_addr("0.0.0.0", 25), far = sim_addr("10.0.0.9", 465);

	sim_reset(seed);
	log_reset();
	due_reset();
	hash_reset();
	trust_reset();
	chan_reset();
	memset(rig_side, 0, sizeof rig_side);
	memset(rig_identity, 0, sizeof rig_identity);
	rig_identity_ec(&rig_identity[RIG_EC].ec);
	rig_identity_rsa(&rig_identity[RIG_RSA].rsa);
	rig_identity_ec(&rig_identity[RIG_BOTH].ec);
	rig_identity_rsa(&rig_identity[RIG_BOTH].rsa);
	rig_used = rig_holds = 0;
	sim_file_set("/ca.pem", creds_ca_pem, strlen(creds_ca_pem));
	assert_int_equal(port_listen(&any, owner_of(OWNER_LISTENER, 0), &rig_listener), E_OK);
	rig_far_listener = sim_peer_listen(&far);
	assert_true(rig_far_listener >= 0);
}

/* A channel that a far end connected to. */
static inline struct side *rig_accept(void)
{
	struct port_addr to = sim_addr("10.0.0.1", 25), from = sim_addr("10.0.0.7", 4000), peer;
	struct side *s = &rig_side[rig_used];
	struct port_tcp *net;

	from.port = (uint16_t)(from.port + rig_used);
	s->far = sim_peer_connect(&from, &to);
	assert_true(s->far >= 0);
	port_wait(0, &(port_owner){ 0 }, 1);
	assert_int_equal(port_accept(rig_listener, rig_owner(rig_used), &net, &peer), E_OK);
	chan_open(&s->ch, net, rig_owner(rig_used));
	due_mark(rig_owner(rig_used++));
	return s;
}

/* A channel that connected to a far end. */
static inline struct side *rig_connect(void)
{
	struct port_addr far = sim_addr("10.0.0.9", 465);
	struct side *s = &rig_side[rig_used];
	port_owner list[8];

	assert_int_equal(chan_connect(&s->ch, &far, rig_owner(rig_used)), E_OK);
	for (int i = 0; i < 4 && (s->far = sim_peer_accept(rig_far_listener)) < 0; i++)
		port_wait(1, list, 8);
	assert_true(s->far >= 0);
	due_mark(rig_owner(rig_used++));
	return s;
}

/* ---- the wire ---- */

struct wire {
	struct side *a, *b;
	uint8_t held[2][SIM_QUEUE];
	int len[2];
	int piece;               /* most bytes at a time; 0: all */
	uint32_t sum;            /* of all that was carried */
};

static inline int wire_move(struct wire *w, int way)
{
	struct side *from = way == 0 ? w->a : w->b, *to = way == 0 ? w->b : w->a;
	int n = w->len[way], put;

	if (from->far < 0 || to->far < 0)
		return 0;
	if (n == 0)
		n = sim_peer_read(from->far, w->held[way], sizeof w->held[way]);
	if (n == E_EOF)
		sim_peer_finish(to->far);
	if (n <= 0)
		return 0;
	w->len[way] = n;
	put = w->piece > 0 && n > w->piece ? 1 + (int)sim_random((uint32_t)w->piece) : n;
	put = sim_peer_write(to->far, w->held[way], (size_t)put);
	if (put <= 0)
		return 0;
	for (int i = 0; i < put; i++)
		w->sum = w->sum * 31 + w->held[way][i];
	memmove(w->held[way], w->held[way] + put, (size_t)(n - put));
	w->len[way] = n - put;
	return put;
}

/* ---- the loop ---- */

static inline int rig_run_side(struct side *s)
{
	int moved = 0, i, n;

	if (!chan_is_open(&s->ch))
		return 0;
	s->turns++;
	for (i = 0; i < RIG_TURNS; i++) {
		n = s->result = chan_pump(&s->ch);
		if (n < 0)
			n = 0;
		if (s->step != NULL)
			n += s->step(s);
		moved += n;
		if (n == 0)
			return moved;
	}
	due_mark(s->ch.owner);
	return moved;
}

/* One pass; whether anything happened. */
static inline bool rig_pass(struct wire *w)
{
	port_owner list[RIG_SIDES], due[RIG_SIDES * 2];
	int n = port_wait(0, list, RIG_SIDES), count = 0, moved = 0;

	for (int i = 0; i < n; i++)
		if (owner_kind(list[i]) == OWNER_SESSION)
			due_mark(list[i]);
	if (due_any()) /* a loop with nothing due sleeps, and does not begin a pass */
		chan_pass_begin();
	while (count < RIG_SIDES * 2 && due_take(&due[count]))
		count++;
	for (int i = 0; i < count; i++)
		moved += rig_run_side(&rig_side[owner_index(due[i])]);
	if (w != NULL)
		moved += wire_move(w, 0) + wire_move(w, 1);
	return moved > 0 || due_any();
}

static inline void rig_settle(struct wire *w)
{
	for (int quiet = 0; quiet < 3;)
		quiet = rig_pass(w) ? 0 : quiet + 1;
}

/* Nothing lent any more, by an idle channel or by one that is gone. */
static inline void rig_nothing_lent(void)
{
	assert_int_equal(pool_lines.now, 0);
	assert_int_equal(pool_outputs.now, 0);
	assert_int_equal(pool_records_small.now, 0);
	assert_int_equal(pool_records_mid.now, 0);
	assert_int_equal(pool_records_large.now, 0);
	assert_int_equal(pool_x509.now, 0);
	assert_int_equal(rig_holds, 0);
}

static inline void rig_end(void)
{
	for (int i = 0; i < rig_used; i++)
		chan_abort(&rig_side[i].ch);
	port_unlisten(rig_listener);
	rig_nothing_lent();
	assert_int_equal(pool_tls_servers.now, 0);
	assert_int_equal(pool_tls_clients.now, 0);
	assert_int_equal(sim_open_handles(), 0);
}

/* ---- TLS on both ends ---- */

static const struct tls_server_want rig_server_want = { .version_min = TLS_1_2, .cache_scope = 1 };
static const struct tls_client_want rig_client_want = {
	.name = "mail.test", .scope = "office", .trust = "/ca.pem", .port = 465
};

/* A pair in clear: a is the server. */
static inline struct wire rig_pair(void)
{
	struct wire w = { .a = rig_accept() };

	w.b = rig_connect();
	return w;
}

static inline struct wire rig_tls_pair(const struct tls_server_want *sw, const struct tls_client_want *cw)
{
	struct wire w = rig_pair();

	assert_int_equal(chan_tls_server(&w.a->ch, sw), E_OK);
	assert_int_equal(chan_tls_client(&w.b->ch, cw), E_OK);
	return w;
}

static inline void rig_text(struct side *s, const char *text)
{
	assert_int_equal(chan_put(&s->ch, text, strlen(text)), E_OK);
	due_mark(s->ch.owner);
}

static inline void rig_expect_line(struct side *s, const char *text)
{
	struct slice line;
	int r = chan_line(&s->ch, &line, NULL);

	for (int i = 0; r == E_AGAIN && i < 3; i++) { /* a line in two records */
		rig_pass(NULL);
		r = chan_line(&s->ch, &line, NULL);
	}
	assert_int_equal(r, E_OK);
	assert_int_equal(line.len, strlen(text));
	assert_memory_equal(line.p, text, line.len);
	chan_line_done(&s->ch);
	due_mark(s->ch.owner);
}

#endif
