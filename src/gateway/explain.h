/*
 * explain.h - what a provider's refusal means for the owner, and what to do next (interop.md 3).
 */
#ifndef GATEWAY_EXPLAIN_H
#define GATEWAY_EXPLAIN_H

#include "base/slice.h"

/* The sentence for a reply: its code, enhanced code ("" for none) and text. Static; NULL when
 * nothing better than the server's own words is known. */
const char *explain_reply(unsigned code, const char *enhanced, struct slice text);

#endif
