/*
 * addr.h - IP addresses as text, prefixes, and which networks they belong to.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fmt.h"
#include "base/slice.h"
#include "port.h"

#define ADDR_TEXT_MAX 56 /* bytes of "[address%zone]:port" with NUL */

/* A network prefix: the leading `bits` (0 to 128, IPv4 counted as 96 + its own) of `ip`. */
struct addr_prefix {
	uint8_t ip[16];
	uint8_t bits;
};

/* Parses "10.0.0.9", "2001:db8::1", "fe80::1%2", with or without brackets; the port becomes 0.
 * IPv4 must have four decimal parts without leading zeros. E_OK or E_ARG. */
int addr_parse(struct slice text, struct port_addr *out);

/* Parses "HOST", "HOST#PORT" as dnsmasq and CONFIG.md write name servers. E_OK or E_ARG. */
int addr_parse_server(struct slice text, uint16_t port_default, struct port_addr *out);

/* Parses "10.0.0.0/8", "fd00::/8" or a single address. Bits behind the prefix must be zero. E_OK
 * or E_ARG. */
int addr_prefix_parse(struct slice text, struct addr_prefix *out);

/* Whether an address lies in a prefix. */
bool addr_in(const struct port_addr *a, const struct addr_prefix *p);

/* Whether every address of `inner` lies in `outer`. */
bool addr_prefix_within(const struct addr_prefix *inner, const struct addr_prefix *outer);

/* Loopback, private (RFC 1918), link-local or unique-local (RFC 4193) address. */
bool addr_is_private(const struct port_addr *a);

/* The same for every address of a prefix. */
bool addr_prefix_is_private(const struct addr_prefix *p);

/* Loopback (127.0.0.0/8, ::1). */
bool addr_is_loopback(const struct port_addr *a);

/* IPv4 (kept as ::ffff:a.b.c.d). */
bool addr_is_v4(const struct port_addr *a);

/* The unspecified address 0.0.0.0 or ::. */
bool addr_is_any(const struct port_addr *a);

/* Same address; ports are compared when `with_port`. */
bool addr_same(const struct port_addr *a, const struct port_addr *b, bool with_port);

/* Appends the address as text (RFC 5952 without zero run shortening beyond the longest), without
 * port. */
void addr_put(struct fmt *f, const struct port_addr *a);

/* Appends "a.b.c.d:port" or "[v6]:port". */
void addr_put_port(struct fmt *f, const struct port_addr *a);

#endif
