/*
 * x509_known.h - leaves that were verified before: a server that shows the same certificate to the
 * same wish needs none of its chain's signatures checked again. Bounded; the oldest gives way.
 */
#ifndef IO_X509_KNOWN_H
#define IO_X509_KNOWN_H

#include "io/x509.h"

/* The key of a leaf (DER): a hash over it and all that `c` wants of it: name or address, pins, the
 * bundle of trust as it is now. */
void x509_known_key(const struct x509_check *c, struct slice leaf, uint8_t key[32]);

/* Whether a leaf is remembered under this key and its chain is still valid now. */
bool x509_known_has(const uint8_t key[32], int64_t now_s);

/* Remembers a leaf whose chain was verified now; until `until_s`, the first end of a certificate in
 * the chain, or for a day. */
void x509_known_add(const uint8_t key[32], int64_t now_s, int64_t until_s);

/* Forgets all: after a reload, and with tls_forget_sessions(). */
void x509_known_reset(void);

#endif
