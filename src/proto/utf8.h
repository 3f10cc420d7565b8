/*
 * utf8.h - checking of UTF-8 (RFC 3629).
 */
#ifndef PROTO_UTF8_H
#define PROTO_UTF8_H

#include <stdbool.h>

#include "base/slice.h"

/* Whether the bytes are UTF-8: shortest forms only, no surrogates, nothing above U+10FFFF, and no
 * control characters of U+0080 to U+009F. ASCII passes as it is. */
bool utf8_valid(struct slice text);

/* Whether any byte is 0x80 or above. */
bool utf8_needed(struct slice text);

#endif
