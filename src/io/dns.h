/*
 * dns.h - the stub resolver: names to addresses, mail exchangers, texts, names of addresses
 * (A-52 .. A-54).
 *
 * One question is asked once, however many wait for it. Answers are remembered within their TTL
 * (60 s .. 1 day), missing names up to 15 minutes, failures a few seconds; when no server
 * answers, an answer that has expired less than a day ago is used once more. Over UDP from a
 * fresh port with random id and letter case, over TCP where an answer is cut off. A file of
 * hosts is not read. Names are absolute: no search list.
 */
#ifndef IO_DNS_H
#define IO_DNS_H

#include <stdint.h>

#include "base/waiter.h"
#include "port.h"
#include "proto/dns_message.h"

#define DNS_SERVERS_MAX 4
#define DNS_TRY_MS 2000     /* one try at one server */
#define DNS_TOTAL_MS 10000  /* all tries of a question */
#define DNS_FAILED_MS 5000  /* how long a failure is told before the question is asked again */

/* States of a question. Names in dns_query_state_name[]. */
enum dns_query_state { DNS_FREE, DNS_BY_UDP, DNS_TCP_SEND, DNS_TCP_READ, DNS_QUERY_STATES };
/* Their names. */
extern const char *const dns_query_state_name[DNS_QUERY_STATES];

/* Uses these servers, at most DNS_SERVERS_MAX, instead of the system's; count 0: the system's
 * again. Answers already remembered stay. */
void dns_servers_set(const struct port_addr *servers, int count);

/* Looks a name up (NUL-terminated; a final dot is allowed). IP literals ("10.0.0.9", "::1",
 * "[::1]") and "localhost" are answered at once for A and AAAA, the other family with E_NOENT.
 * E_OK: *out is filled;
 * E_AGAIN: being asked: `w` waits, and `asker` is marked due when the outcome is there: call
 *   again. A caller that gives up calls waiter_leave(w). Where every question slot is in use
 * it waits for one; E_NOENT: no such name, or no such record; E_ARG: not a name that can be
 * asked; E_TIMEOUT: no answer in time; E_UNREACH: no server known or reachable; E_PROTO: the
 * servers failed. The last three are temporary. */
int dns_lookup(const char *name, enum dns_type type, struct waiter *w, port_owner asker,
	struct dns_answer *out);

/* As dns_lookup() for the names of an address (PTR of in-addr.arpa or ip6.arpa). */
int dns_lookup_address(const uint8_t ip[16], struct waiter *w, port_owner asker,
	struct dns_answer *out);

/* The owner OWNER_DNS of this index was reported: moves its question on. */
void dns_step(uint16_t query_index);

/* When dns_tick() has to be called at the latest, in milliseconds of port_clock_ms();
 * UINT64_MAX: never. */
uint64_t dns_deadline_ms(void);

/* Does what is due by the clock: next try, next server, giving up. */
void dns_tick(void);

/* Forgets servers and questions (waiters are not told). hash_reset() must be called with it. */
void dns_reset(void);

#endif
