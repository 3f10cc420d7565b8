/*
 * dns_cache.h - what the resolver knows without asking: literal addresses, and the outcomes of
 * earlier questions (A-52 .. A-54). For dns.c only.
 */
#ifndef IO_DNS_CACHE_H
#define IO_DNS_CACHE_H

#include "proto/dns_message.h"

/* Answers for an IP literal or "localhost": E_OK with *out filled, E_NOENT for another type than
 * its own; E_AGAIN: the name needs asking. */
int dns_known(struct slice name, enum dns_type type, struct dns_answer *out);

/* The outcome of an earlier question for `name` (lower case, without final dot): E_OK with *out
 * filled, or the failure that is remembered. E_AGAIN: none is still good. */
int dns_cache_find(struct slice name, enum dns_type type, struct dns_answer *out);

/* Remembers an outcome, its answer for the TTL. A failure does not push out an answer that may
 * still serve. */
void dns_cache_keep(struct slice name, enum dns_type type, int result,
	const struct dns_answer *answer);

/* Forgets everything. hash_reset() must be called with it. */
void dns_cache_reset(void);

#endif
