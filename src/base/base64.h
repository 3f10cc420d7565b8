/*
 * base64.h - base64 with padding (RFC 4648 4), strict.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* Bytes that encoding `len` bytes needs. */
#define BASE64_LEN(len) (((len) + 2) / 3 * 4)

/* Encodes `len` bytes into `out` of `cap` bytes (no NUL). The number written, or E_LIMIT. */
int base64_encode(const void *data, size_t len, char *out, size_t cap);

/* Decodes; whitespace, missing padding, bits set behind the end and other bytes are errors. `out`
 * may be the text itself. The number of bytes, E_ARG (not base64) or E_LIMIT (cap too small). */
int base64_decode(struct slice text, void *out, size_t cap);

#endif
