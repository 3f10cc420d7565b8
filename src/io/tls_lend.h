/*
 * tls_lend.h - record buffers of one engine, lent while a record is in them (DESIGN 5).
 *
 * This is the only place that knows the inside of br_ssl_engine_context (BearSSL 0.6).
 */
#ifndef IO_TLS_LEND_H
#define IO_TLS_LEND_H

#include <bearssl.h>

#include "io/pools.h"

#define LEND_OWN_IN 64    /* bytes through which a handshake in clear can go */
#define LEND_OWN_OUT 128  /* bytes that hold an alert with everything around it */

/* What ciphers run on: chosen by the library for this processor. */
struct ciphers {
	const br_block_ctr_class *aes_ctr;
	const br_block_cbcenc_class *aes_cbcenc;
	const br_block_cbcdec_class *aes_cbcdec;
	br_ghash ghash;
	br_chacha20_run chacha20;
	br_poly1305_run poly1305;
};

/* The buffers of one engine. Zeroed: none. */
struct lend {
	br_ssl_engine_context *eng;
	uint8_t *in, *out;            /* lent, or NULL: own_in, own_out */
	uint8_t in_class, out_class;  /* enum buffer_class */
	bool bulk;                    /* large output buffers are wanted */
	uint64_t in_since_ms, out_since_ms; /* last progress of a lent record buffer; 0: none */
	uint8_t own_in[LEND_OWN_IN];
	uint8_t own_out[LEND_OWN_OUT];
};

/* Gives an engine its buffers: before the reset that starts the handshake. False: no output
 * buffer free (the engine then has the small one of its own, through which a handshake goes as
 * well). */
bool lend_start(struct lend *l, br_ssl_engine_context *eng);

/* After the reset of a server: alerts that are sent before a version is agreed on carry TLS 1.0,
 * where the engine would write 0. */
void lend_early_version(struct lend *l);

/* Gives everything back. */
void lend_stop(struct lend *l);

/* The place for bytes from the connection, *len of them at most; NULL: none wanted now, or
 * (*starved) the record has to wait for a buffer, `w` standing in line. */
uint8_t *lend_record(struct lend *l, struct waiter *w, port_owner owner, size_t *len,
	bool *starved);

/* `len` bytes have been put there. True: a handshake record in clear is now complete. */
bool lend_record_ack(struct lend *l, size_t len);

/* Whether bytes of a record have arrived that was not delivered yet. */
bool lend_has_record(const struct lend *l);

/* Consumes `len` bytes of decrypted payload. */
void lend_payload_ack(struct lend *l, size_t len);

/* The place for payload to be sent, *len bytes at most; NULL: a record is on its way, or no data
 * may be sent in this state. */
uint8_t *lend_space(struct lend *l, struct waiter *w, port_owner owner, size_t *len);

/* Closes the record that payload has been put into, if any. */
void lend_flush(struct lend *l);

/* `len` bytes of a record have been sent. */
void lend_sent(struct lend *l, size_t len);

/* Whether payload or a record waits to be sent. */
bool lend_unsent(const struct lend *l);

/* Gives the input buffer back unless payload is in it: no more records are read. */
void lend_abandon(struct lend *l);

/* Gives the output buffer back if nothing is in it. */
void lend_idle(struct lend *l);

/* The engine: open for data; the peer's close_notify has come; records are still sent in clear;
 * it has ended, in whatever way. */
bool lend_open(const struct lend *l);
bool lend_peer_closed(const struct lend *l);
bool lend_clear(const struct lend *l);
bool lend_over(const struct lend *l);

/* Whether the place that lend_record() showed is for bytes of handshake messages in clear. */
bool lend_in_hello(const struct lend *l);

/* What an engine was given by the library's defaults. */
void lend_ciphers(const br_ssl_engine_context *eng, struct ciphers *out);

/* Lets the server's hello name this protocol, the string staying alive (ALPN, RFC 7301). */
void lend_alpn(struct lend *l, const char **name);

#endif
