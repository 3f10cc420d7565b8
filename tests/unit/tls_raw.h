/*
 * tls_raw.h - a bare BearSSL engine as the peer of a channel, for what our own side would never
 * do: old versions and suites, ALPN of any name, records of any size, cut and altered bytes.
 */
#ifndef TLS_RAW_H
#define TLS_RAW_H

#include "tls_rig.h"

struct raw {
	br_ssl_engine_context *eng;
	br_ssl_client_context client;
	br_ssl_server_context server;
	br_x509_minimal_context minimal;
	br_x509_trust_anchor anchor;
	br_x509_decoder_context decoder;
	br_x509_pkey key;
	br_x509_knownkey_context known;
	uint8_t buf[BR_SSL_BUFSIZE_BIDI];
	struct side *peer;
};

static struct raw raw;

static inline void raw_seed(void)
{
	br_ssl_engine_set_buffer(raw.eng, raw.buf, sizeof raw.buf, 1);
	br_ssl_engine_inject_entropy(raw.eng, "0123456789abcdef0123456789abcdef", 32);
}

/* A client that believes any server with this certificate. */
static inline void raw_client(struct side *peer, const uint8_t *cert, size_t cert_len, unsigned key_type)
{
	const br_x509_pkey *key;

	memset(&raw, 0, sizeof raw);
	raw.peer = peer;
	raw.eng = &raw.client.eng;
	br_ssl_client_init_full(&raw.client, &raw.minimal, NULL, 0);
	br_x509_decoder_init(&raw.decoder, NULL, NULL);
	br_x509_decoder_push(&raw.decoder, cert, cert_len);
	key = br_x509_decoder_get_pkey(&raw.decoder);
	assert_non_null(key);
	if (key_type == BR_KEYTYPE_EC)
		br_x509_knownkey_init_ec(&raw.known, &key->key.ec, BR_KEYTYPE_SIGN);
	else
		br_x509_knownkey_init_rsa(&raw.known, &key->key.rsa, BR_KEYTYPE_SIGN | BR_KEYTYPE_KEYX);
	br_ssl_engine_set_x509(raw.eng, &raw.known.vtable);
	raw_seed();
}

static inline void raw_client_ec(struct side *peer)
{
	raw_client(peer, creds_ec_cert, sizeof creds_ec_cert, BR_KEYTYPE_EC);
}

static inline void raw_client_rsa(struct side *peer)
{
	raw_client(peer, creds_rsa_cert, sizeof creds_rsa_cert, BR_KEYTYPE_RSA);
}

static inline void raw_server(struct side *peer)
{
	memset(&raw, 0, sizeof raw);
	raw.peer = peer;
	raw.eng = &raw.server.eng;
	br_ssl_server_init_full_ec(&raw.server, rig_identity[RIG_EC].ec.chain, 1, BR_KEYTYPE_EC,
		&rig_identity[RIG_EC].ec.key.ec);
	raw_seed();
}

/* Moves what the engine and the channel have for each other until nothing moves. */
static inline void raw_settle(void)
{
	uint8_t *p;
	size_t len;
	int n, quiet = 0;

	while (quiet++ < 4) {
		p = br_ssl_engine_sendrec_buf(raw.eng, &len);
		n = p != NULL ? sim_peer_write(raw.peer->far, p, len) : 0;
		if (n > 0) {
			br_ssl_engine_sendrec_ack(raw.eng, (size_t)n);
			quiet = 0;
		}
		if (rig_pass(NULL))
			quiet = 0;
		p = br_ssl_engine_recvrec_buf(raw.eng, &len);
		n = p != NULL ? sim_peer_read(raw.peer->far, p, len) : 0;
		if (n > 0) {
			br_ssl_engine_recvrec_ack(raw.eng, (size_t)n);
			quiet = 0;
		}
	}
}

static inline void raw_say(const void *text, size_t len)
{
	const uint8_t *from = text;
	size_t room;
	uint8_t *p;

	for (int i = 0; len > 0 && i < 1000; i++) {
		p = br_ssl_engine_sendapp_buf(raw.eng, &room);
		if (p != NULL) {
			room = room < len ? room : len;
			memcpy(p, from, room);
			br_ssl_engine_sendapp_ack(raw.eng, room);
			from += room;
			len -= room;
		}
		br_ssl_engine_flush(raw.eng, 0);
		raw_settle();
	}
	assert_int_equal(len, 0);
}

/* Reads what the channel sends, which must be this. */
static inline void raw_hear(const uint8_t *want, size_t len)
{
	size_t got = 0, n;

	for (int i = 0; got < len && i < 10000; i++) {
		uint8_t *p;

		raw_settle();
		p = br_ssl_engine_recvapp_buf(raw.eng, &n);
		if (p == NULL)
			continue;
		assert_true(n <= len - got);
		assert_memory_equal(p, want + got, n);
		got += n;
		br_ssl_engine_recvapp_ack(raw.eng, n);
	}
	assert_int_equal(got, len);
}

/* Our side, as it waits for the bare engine; and what it must have found wrong. */
static inline struct side *raw_facing_server(uint16_t version_min, uint8_t identity, const char *alpn)
{
	struct tls_server_want sw = { .version_min = version_min, .identity = identity,
		.cache_scope = 1, .alpn = alpn };
	struct side *s = rig_accept();

	assert_int_equal(chan_tls_server(&s->ch, &sw), E_OK);
	return s;
}

static inline struct side *raw_facing_client(void)
{
	struct side *s = rig_connect();

	assert_int_equal(chan_tls_client(&s->ch, &rig_client_want), E_OK);
	return s;
}

static inline void raw_expect_failure(const struct side *s, enum tls_failure why)
{
	assert_int_equal(s->ch.error, E_TLS);
	assert_string_equal(tls_failure_text(s->ch.why), tls_failure_text(why));
}

#endif
