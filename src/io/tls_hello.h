/*
 * tls_hello.h - looks for ALPN in a client's hello as its bytes pass (A-07, RFC 7301 3.1).
 *
 * BearSSL 0.6 can do it itself, but when a session is resumed it forgets to refuse a name it
 * does not know, and then reads the name behind the end of its list.
 */
#ifndef IO_TLS_HELLO_H
#define IO_TLS_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the names that a client offers come to. */
enum tls_alpn { ALPN_NONE, ALPN_MATCH, ALPN_MISMATCH };

/* Zeroed: before the first byte. Private. */
struct tls_hello {
	uint8_t state, need, at;
	bool same, found, extension;
	uint8_t alpn;             /* enum tls_alpn */
	uint32_t num, skip, left;
	uint16_t ext_type, ext_left, name_left;
};

/* Reads `len` bytes of handshake messages. The verdict so far on the list of names; once it is
 * ALPN_MISMATCH it stays. */
enum tls_alpn tls_hello_read(struct tls_hello *h, const char *name, const uint8_t *p, size_t len);

#endif
