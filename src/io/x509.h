/*
 * x509.h - verification of the chain that a server sends: BearSSL's minimal validator, with what it
 * leaves out (DESIGN 7, protocol.md 1.9). The engine is given &check->vtable; the check has to live
 * until the handshake is over, because the engine asks it for the server's key.
 *
 * The name for SNI is the caller's affair: none where the wanted name is an address (RFC 6066 3).
 */
#ifndef IO_X509_H
#define IO_X509_H

#include <stdbool.h>
#include <stdint.h>

#include <bearssl.h>

#include "base/pool.h"
#include "io/tls.h"

#define X509_CERT_MAX 8192  /* bytes of the largest certificate that is looked at */
#define X509_CHAIN_MAX 10   /* certificates of a chain that are looked at, used or not */

/* One chain being verified. Everything but `vtable` is private to x509.c. */
struct x509_check {
	const br_x509_class *vtable;     /* first: what br_ssl_engine_set_x509() is given */
	br_x509_minimal_context minimal;
	char name[TLS_NAME_MAX + 1];     /* wanted host name without a last dot; empty for an address */
	uint8_t ip[16], ip_len;          /* wanted address, 4 or 16 bytes; 0 for a host name */
	uint8_t pins[TLS_PINS_MAX][32];
	uint8_t pin_count;
	int16_t bundle;                  /* of trust_open(), or < 0: none (pins only) */
	int64_t now_s;
	uint8_t seen, fed;               /* certificates that came; those given to the validator */
	bool fresh;                      /* every signature is checked, whatever is remembered */
	bool remembered;                 /* the leaf was verified before */
	bool trusted;                    /* the chain reached an anchor or a pin: the rest is ignored */
	bool lost;                       /* the trust file vanished or broke during the check */
	enum tls_failure why;            /* first thing that was wrong */
	enum tls_failure anchor_why;     /* why an anchor of the right name could not be used */
	uint32_t want, len;              /* bytes of the present certificate: announced, collected */
	uint8_t issuer_hash[32];         /* SHA-256 of the DN that the next certificate has to carry */
	int64_t not_after_s;             /* of the server's certificate */
	int64_t until_s;                 /* the first end of all that the verdict rests on */
	uint8_t key[32];                 /* under which the leaf is remembered */
	char issuer[64];
	uint8_t cert[X509_CERT_MAX];
};

POOL_DECLARE(x509);

/* Prepares a check from what is wanted: name or address literal, pins, bundle. Nothing of `want`
 * is kept but copies. E_OK; E_TLS with *why TLS_NO_CLOCK (time not trusted: temporary, A-50),
 * TLS_NO_TRUST (bundle missing, empty, not readable: A-57), TLS_WRONG_NAME (not a name or address
 * at all). */
int x509_check_start(struct x509_check *c, const struct tls_client_want *want,
	enum tls_failure *why);

/* Why a handshake failed whose engine ended with `br_error` (br_ssl_engine_last_error()): what the
 * check found, else the meaning of a BR_ERR_X509_ code; TLS_FINE where the check has no quarrel
 * and the code is none of X.509's. */
enum tls_failure x509_check_why(const struct x509_check *c, int br_error);

/* Fills days_left and issuer of *facts after a chain was accepted; leaves the rest alone. */
void x509_check_facts(const struct x509_check *c, struct tls_facts *facts);

#endif
