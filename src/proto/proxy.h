/*
 * proxy.h - the header of the PROXY protocol, versions 1 and 2 (SS-55, A-16; haproxy's
 * proxy-protocol.txt).
 */
#ifndef PROTO_PROXY_H
#define PROTO_PROXY_H

#include <stdbool.h>

#include "base/slice.h"
#include "port.h"

#define PROXY_HEADER_MAX 536 /* octets of the longest header that is taken (version 1: 107) */

/* What a header said. */
struct proxy_header {
	bool local;              /* LOCAL or UNKNOWN: the socket's own addresses stand */
	struct port_addr source, destination;
};

/* Looks at the input from its first octet on. Returns the octets of the whole header (> 0),
 * E_AGAIN (so far a header, not whole), or E_PROTO (no header, or a bad one: close without a
 * word). */
int proxy_parse(struct slice in, struct proxy_header *out);

#endif
