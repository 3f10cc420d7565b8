/*
 * xtext.h - xtext (RFC 3461 4): printable ASCII, the rest as +HH.
 */
#ifndef PROTO_XTEXT_H
#define PROTO_XTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fmt.h"
#include "base/slice.h"

/* Decodes into `out` of `cap` bytes, which may be the text itself. The number of bytes; E_ARG:
 * not xtext, or it stands for something else than printable ASCII; E_LIMIT: cap too
 * small. */
int xtext_decode(struct slice text, void *out, size_t cap);

/* Whether xtext_decode() would decode it. Empty is valid. */
bool xtext_valid(struct slice text);

/* Appends the xtext form of `raw`. */
void xtext_encode(struct fmt *f, struct slice raw);

#endif
