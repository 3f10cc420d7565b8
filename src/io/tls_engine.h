/*
 * tls_engine.h - one TLS connection as the channel sees it: places for bytes, and what became of
 * it. The library behind it shows only in tls_context.h.
 */
#ifndef IO_TLS_ENGINE_H
#define IO_TLS_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/waiter.h"
#include "io/tls.h"

struct tls;

/* Bytes that begin every record: type, version, length (RFC 5246 6.2.1). */
enum { TLS_HEADER_LEN = 5 };

/* A context for a handshake, or NULL with *why. */
struct tls *tls_server_start(const struct tls_server_want *want, enum tls_failure *why);
struct tls *tls_client_start(const struct tls_client_want *want, enum tls_failure *why);

/* Gives the context and all that it holds back. */
void tls_stop(struct tls *t);

/* The place for bytes from the connection; NULL: none wanted, or (*starved) `w` stands in line
 * for a buffer. tls_in_ack() takes them; true: a step of the handshake has been done. */
uint8_t *tls_in(struct tls *t, struct waiter *w, port_owner owner, size_t *len, bool *starved);
bool tls_in_ack(struct tls *t, const uint8_t *p, size_t len);

/* Bytes for the connection, NULL: none. */
const uint8_t *tls_out(struct tls *t, size_t *len);
void tls_out_ack(struct tls *t, size_t len);

/* Decrypted bytes to be read, NULL: none. */
const uint8_t *tls_payload(const struct tls *t, size_t *len);
void tls_payload_ack(struct tls *t, size_t len);

/* The place for bytes to be encrypted, NULL: none now. tls_space_ack() takes them, tls_flush()
 * makes a record of those that were taken. */
uint8_t *tls_space(struct tls *t, struct waiter *w, port_owner owner, size_t *len);
void tls_space_ack(struct tls *t, size_t len);
void tls_flush(struct tls *t);

/* The handshake is still going on, and nothing has failed: bytes that come may cost a public-key
 * operation. */
bool tls_shaking(const struct tls *t);

/* The handshake was finished, whatever came after. */
bool tls_finished(const struct tls *t);

/* Why it failed; TLS_FINE while it has not. *alert is the number that came with TLS_ALERT. */
enum tls_failure tls_why(const struct tls *t, uint8_t *alert);

/* The peer's close_notify has come. */
bool tls_peer_closed(const struct tls *t);

/* No more data can be sent: our close_notify, or the peer's, came before. */
bool tls_mute(const struct tls *t);

/* Bytes wait to be encrypted or sent. */
bool tls_unsent(const struct tls *t);

/* Bytes of a record have arrived that were not delivered. */
bool tls_has_input(const struct tls *t);

/* Puts our close_notify in line; what is unread is lost. */
void tls_close(struct tls *t);

/* Large output buffers are wanted, or not. */
void tls_bulk(struct tls *t, bool on);

/* Nothing will be read any more: gives back the buffer of a record that is not complete. */
void tls_abandon(struct tls *t);

/* Gives back buffers that hold nothing. */
void tls_idle(struct tls *t);

/* Facts of the finished handshake. */
const struct tls_facts *tls_facts_of(const struct tls *t);

/* Last progress of a record buffer that is held, in milliseconds of port_clock_ms(); 0: none is
 * held. */
uint64_t tls_lent_since_ms(const struct tls *t);

#endif
