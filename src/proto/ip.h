/*
 * ip.h - IP addresses as text (RFC 4291 2.2, RFC 5952). IPv4 stands as ::ffff:a.b.c.d, as in
 * port.h.
 */
#ifndef PROTO_IP_H
#define PROTO_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fmt.h"
#include "base/slice.h"

/* Reads dotted decimal: four numbers 0..255 of one to three digits, no leading zeros. E_OK or
 * E_ARG. */
int ip4_parse(struct slice text, uint8_t ip[16]);

/* Reads IPv6 text, with `::` and with dotted decimal at the end; no zone, no brackets. E_OK or
 * E_ARG. */
int ip6_parse(struct slice text, uint8_t ip[16]);

/* Reads either. E_OK or E_ARG. */
int ip_parse(struct slice text, uint8_t ip[16]);

/* Whether it is an IPv4 address (::ffff:0:0/96). */
bool ip_is4(const uint8_t ip[16]);

/* Writes dotted decimal or the canonical IPv6 text of RFC 5952; at most 45 bytes. */
void ip_format(struct fmt *f, const uint8_t ip[16]);

#endif
