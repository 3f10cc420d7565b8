/*
 * peer_tls.c - TLS of the far ends, by BearSSL on its own. A client here believes every certificate:
 * what the gateway shows is tested elsewhere; here its dialogue counts.
 */
#include <bearssl.h>

#include "conv.h"

enum { SLOTS = 2 * PEERS, CHAIN = 4, DER = 4096 };

static struct engine {
	bool used, closing;
	br_ssl_engine_context *eng;
	br_ssl_client_context client;
	br_ssl_server_context server;
	uint8_t io[BR_SSL_BUFSIZE_BIDI];
	const br_x509_class *believer;           /* first member of a "class": see believe_ below */
	br_x509_decoder_context decoder;
	int certificates;
	br_x509_certificate chain[CHAIN];
	uint8_t der[DER];
	size_t der_len, chain_len;
	br_skey_decoder_context key;
} engines[SLOTS];

/* ---- an X.509 engine that takes the first certificate's key as it is ---- */

static struct engine *engine_of(const br_x509_class **ctx)
{
	for (int i = 0; i < SLOTS; i++)
		if ((const br_x509_class **)&engines[i].believer == ctx)
			return &engines[i];
	abort();
}

static void believe_start_chain(const br_x509_class **ctx, const char *name)
{
	(void)name;
	engine_of(ctx)->certificates = 0;
}

static void believe_start_cert(const br_x509_class **ctx, uint32_t len)
{
	struct engine *e = engine_of(ctx);

	(void)len;
	if (e->certificates++ == 0)
		br_x509_decoder_init(&e->decoder, NULL, NULL);
}

static void believe_append(const br_x509_class **ctx, const unsigned char *buf, size_t len)
{
	struct engine *e = engine_of(ctx);

	if (e->certificates == 1)
		br_x509_decoder_push(&e->decoder, buf, len);
}

static void believe_end_cert(const br_x509_class **ctx) { (void)ctx; }

static unsigned believe_end_chain(const br_x509_class **ctx)
{
	return engine_of(ctx)->certificates == 0 ? BR_ERR_X509_EMPTY_CHAIN : 0;
}

static const br_x509_pkey *believe_get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	if (usages != NULL)
		*usages = BR_KEYTYPE_KEYX | BR_KEYTYPE_SIGN;
	return br_x509_decoder_get_pkey(&engine_of((const br_x509_class **)(uintptr_t)ctx)->decoder);
}

static const br_x509_class believe = {
	sizeof(br_x509_class *), believe_start_chain, believe_start_cert, believe_append,
	believe_end_cert, believe_end_chain, believe_get_pkey
};

/* ---- certificates and keys of the fixtures ---- */

static void collect_der(void *ctx, const void *bytes, size_t len)
{
	struct engine *e = ctx;

	if (len > DER - e->der_len)
		abort();
	memcpy(e->der + e->der_len, bytes, len);
	e->der_len += len;
}

static void collect_key(void *ctx, const void *bytes, size_t len)
{
	br_skey_decoder_push(ctx, bytes, len);
}

/* All objects of a PEM file: certificates into the chain, or one key into the decoder. */
static bool read_pem(struct engine *e, const char *name, bool key)
{
	size_t len, at = 0, start = 0;
	const char *pem = fixture_find(name, &len);
	br_pem_decoder_context pc;

	if (pem == NULL)
		return false;
	br_pem_decoder_init(&pc);
	while (at < len) {
		at += br_pem_decoder_push(&pc, pem + at, len - at);
		switch (br_pem_decoder_event(&pc)) {
		case BR_PEM_BEGIN_OBJ:
			start = e->der_len;
			if (key)
				br_pem_decoder_setdest(&pc, collect_key, &e->key);
			else
				br_pem_decoder_setdest(&pc, collect_der, e);
			break;
		case BR_PEM_END_OBJ:
			if (!key && e->chain_len < CHAIN) {
				e->chain[e->chain_len].data = e->der + start;
				e->chain[e->chain_len++].data_len = e->der_len - start;
			}
			break;
		default:
			break;
		}
	}
	return true;
}

static void seed(br_ssl_engine_context *eng)
{
	uint8_t bytes[32];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)sim_random(256);
	eng->rng_os_rand_done = 1;           /* nothing of the processor: a seed repeats */
	br_ssl_engine_inject_entropy(eng, bytes, sizeof bytes);
}

bool peer_tls_serve(int slot, const char *name)
{
	struct engine *e = &engines[slot];
	char path[100];

	e->chain_len = e->der_len = 0;
	br_skey_decoder_init(&e->key);
	snprintf(path, sizeof path, "%s.pem", name);
	if (!read_pem(e, path, false))
		return false;
	snprintf(path, sizeof path, "%s.key", name);
	if (!read_pem(e, path, true) || br_skey_decoder_last_error(&e->key) != 0)
		return false;
	if (br_skey_decoder_key_type(&e->key) == BR_KEYTYPE_EC)
		br_ssl_server_init_full_ec(&e->server, e->chain, e->chain_len, BR_KEYTYPE_EC,
			br_skey_decoder_get_ec(&e->key));
	else
		br_ssl_server_init_full_rsa(&e->server, e->chain, e->chain_len,
			br_skey_decoder_get_rsa(&e->key));
	e->eng = &e->server.eng;
	br_ssl_engine_set_buffer(e->eng, e->io, sizeof e->io, 1);
	seed(e->eng);
	e->used = true;
	e->closing = false;
	return br_ssl_server_reset(&e->server) == 1;
}

void peer_tls_connect(int slot, const char *version)
{
	struct engine *e = &engines[slot];
	unsigned max = strcmp(version, "1.0") == 0 ? BR_TLS10 : strcmp(version, "1.1") == 0 ? BR_TLS11 :
		BR_TLS12;
	br_x509_minimal_context unused;

	br_ssl_client_init_full(&e->client, &unused, NULL, 0);
	e->believer = &believe;
	e->eng = &e->client.eng;
	br_ssl_engine_set_x509(e->eng, &e->believer);
	br_ssl_engine_set_versions(e->eng, BR_TLS10, max);
	br_ssl_engine_set_buffer(e->eng, e->io, sizeof e->io, 1);
	seed(e->eng);
	e->used = true;
	e->closing = false;
	br_ssl_client_reset(&e->client, "gateway.test", 0);
}

/* ---- moving ---- */

int peer_tls_pump(int slot, int end, bool *ended)
{
	struct engine *e = &engines[slot];
	int moved = 0, n;
	uint8_t *p;
	size_t len;

	*ended = false;
	while ((p = br_ssl_engine_sendrec_buf(e->eng, &len)) != NULL) {
		n = sim_peer_write(end, p, len);
		*ended = n < 0 && n != E_AGAIN;
		if (n <= 0)
			break;
		br_ssl_engine_sendrec_ack(e->eng, (size_t)n);
		moved += n;
	}
	while ((p = br_ssl_engine_recvrec_buf(e->eng, &len)) != NULL) {
		n = sim_peer_read(end, p, len);
		*ended = *ended || (n < 0 && n != E_AGAIN);
		if (n <= 0)
			break;
		br_ssl_engine_recvrec_ack(e->eng, (size_t)n);
		moved += n;
	}
	if ((br_ssl_engine_current_state(e->eng) & BR_SSL_CLOSED) != 0)
		*ended = true;
	return moved;
}

int peer_tls_read(int slot, uint8_t *buf, size_t len)
{
	size_t have;
	uint8_t *p = br_ssl_engine_recvapp_buf(engines[slot].eng, &have);

	if (p == NULL)
		return 0;
	if (have > len)
		have = len;
	memcpy(buf, p, have);
	br_ssl_engine_recvapp_ack(engines[slot].eng, have);
	return (int)have;
}

int peer_tls_write(int slot, const uint8_t *buf, size_t len)
{
	size_t room;
	uint8_t *p = br_ssl_engine_sendapp_buf(engines[slot].eng, &room);

	if (p == NULL)
		return 0;
	if (room > len)
		room = len;
	memcpy(p, buf, room);
	br_ssl_engine_sendapp_ack(engines[slot].eng, room);
	br_ssl_engine_flush(engines[slot].eng, 0);
	return (int)room;
}

void peer_tls_close(int slot)
{
	struct engine *e = &engines[slot];

	if (e->used && !e->closing)
		br_ssl_engine_close(e->eng);
	e->closing = true;
	e->used = false;
}

int peer_tls_state(int slot)
{
	unsigned state = br_ssl_engine_current_state(engines[slot].eng);

	if ((state & BR_SSL_CLOSED) != 0)
		return -1;
	return (state & (BR_SSL_SENDAPP | BR_SSL_RECVAPP)) != 0;
}
