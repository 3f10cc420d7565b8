/*
 * tls.h - what the rest of the gateway knows of TLS: what it wants of a handshake, what became
 * of it. The engine (BearSSL, TLS 1.0 to 1.2) stays behind tls*.c, x509*.c, trust*.c and
 * cert*.c.
 */
#ifndef IO_TLS_H
#define IO_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "port.h"

#define TLS_NAME_MAX 253 /* bytes of a host name */
#define TLS_PINS_MAX 4

/* Versions as they stand in records (RFC 5246 6.2.1). */
enum tls_version { TLS_1_0 = 0x0301, TLS_1_1 = 0x0302, TLS_1_2 = 0x0303 };

/* Why TLS could not start or ended. X(name, text): the text is for the owner. */
#define TLS_FAILURES(X) \
	X(TLS_FINE,          "no failure") \
	X(TLS_NO_SLOT,       "all TLS contexts are in use") \
	X(TLS_NO_ENTROPY,    "no random numbers yet") \
	X(TLS_NO_CLOCK,      "the time is not known yet, so certificates cannot be checked") \
	X(TLS_NO_TRUST,      "the trust store is missing or empty") \
	X(TLS_NO_IDENTITY,   "no certificate of our own could be loaded") \
	X(TLS_EXPIRED,       "the certificate has expired") \
	X(TLS_NOT_YET,       "the certificate is not yet valid") \
	X(TLS_WRONG_NAME,    "the certificate is for another name") \
	X(TLS_NO_NAME,       "the certificate has no subject alternative name") \
	X(TLS_UNKNOWN_CA,    "the certificate does not lead to a trusted authority") \
	X(TLS_BAD_SIGNATURE, "a signature in the certificate chain is wrong") \
	X(TLS_WEAK,          "a key or signature in the certificate chain is too weak") \
	X(TLS_CONSTRAINED,   "the authority is limited to other names, or in ways we cannot check") \
	X(TLS_USAGE,         "the certificate is not meant for servers") \
	X(TLS_NOT_CA,        "a certificate in the chain is not an authority") \
	X(TLS_PIN,           "the server's key is not the pinned one") \
	X(TLS_MALFORMED,     "a certificate in the chain cannot be read, or is too large") \
	X(TLS_VERSION,       "no TLS version in common") \
	X(TLS_NO_SUITE,      "no cipher suite in common") \
	X(TLS_PLAINTEXT,     "the other side does not speak TLS") \
	X(TLS_ALERT,         "the other side ended TLS with an alert") \
	X(TLS_TRUNCATED,     "the connection was cut inside TLS") \
	X(TLS_INJECTED,      "unencrypted bytes arrived where TLS had to start") \
	X(TLS_PROTOCOL,      "TLS protocol error")

/* The failures. */
#define TLS_FAILURE_ENUM(name, text) name,
enum tls_failure { TLS_FAILURES(TLS_FAILURE_ENUM) TLS_FAILURE_COUNT };
#undef TLS_FAILURE_ENUM

/* The text of a failure, static. */
const char *tls_failure_text(enum tls_failure why);

/* Server side of a handshake. Copied by chan_tls_server(). */
struct tls_server_want {
	uint16_t version_min;     /* enum tls_version */
	uint8_t identity;         /* from identity_files() or identity_own() */
	uint16_t cache_scope;     /* sessions resume only within one: the listener's number */
	bool buffered;            /* clear bytes already read are the handshake's first (a PROXY header
	                             or the detection of TLS came before): no barrier, on they go */
	const char *alpn;         /* the one protocol name taken when any is offered, or NULL */
};

/* Client side. Copied by chan_tls_client(); the strings need to live during the call only. */
struct tls_client_want {
	const char *name;         /* host name or address that the certificate must carry */
	const char *scope;        /* sessions resume only within one, and name: the account's name */
	bool fresh;               /* a full handshake, whatever is remembered */
	uint16_t port;            /* the server's: sessions resume only at the same one */
	const char *trust;        /* path of the CA bundle */
	uint8_t pins[TLS_PINS_MAX][32]; /* SHA-256 of SubjectPublicKeyInfo; instead of trust */
	uint8_t pin_count;
};

/* What a finished handshake came to. */
struct tls_facts {
	uint16_t version, suite;
	bool resumed;
	int32_t days_left;        /* client side, full handshake: of the server's certificate */
	char issuer[64];          /* client side, full handshake: name, printable, NUL-terminated */
};

/* "TLS 1.2", static. */
const char *tls_version_name(uint16_t version);

/* "ECDHE-ECDSA-AES128-GCM-SHA256", or "suite 0x…"-like static text for one without a name. */
const char *tls_suite_name(uint16_t suite);

/* "handshake failure": the name of an alert (RFC 5246 7.2), static. */
const char *tls_alert_name(uint8_t alert);

/* Forgets every session of both caches whose scope has changed meaning (reload of certificates). */
void tls_forget_sessions(void);

/* Contexts, chains under verification and buffers free, the caches empty (chan_reset() calls
 * it). */
void tls_reset(void);

#endif
