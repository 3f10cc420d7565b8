/*
 * dns_message.h - DNS messages (RFC 1035 4): one question out, its answer in.
 */
#ifndef PROTO_DNS_MESSAGE_H
#define PROTO_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define DNS_NAME_MAX 253       /* bytes of a name as text without final dot */
#define DNS_QUERY_MAX 272      /* bytes of a query without a transport's prefix */
#define DNS_UDP_MAX 512        /* bytes of an answer by UDP: no EDNS is sent */
#define DNS_ANSWER_DATA 512    /* bytes of records kept of an answer */
#define DNS_TTL_MIN_S 60
#define DNS_TTL_MAX_S 86400
#define DNS_CHAIN_MAX 8        /* CNAMEs followed */

/* Types that can be asked. */
enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28 };

/* The records of an answer, packed; read with the functions below. Records that don't fit are
 * left out. Names are lower case, letters, digits, '-', '_' and '.' only. */
struct dns_answer {
	uint16_t type;
	uint16_t count;
	uint16_t len;              /* bytes used of data */
	uint32_t ttl_s;            /* least of all used, within DNS_TTL_MIN_S .. DNS_TTL_MAX_S */
	uint8_t data[DNS_ANSWER_DATA];
};

/* Record number i (< count) of A or AAAA: its address, IPv4 as ::ffff:a.b.c.d. E_OK or
 * E_NOENT. */
int dns_answer_ip(const struct dns_answer *a, unsigned i, uint8_t ip[16]);

/* Record number i of MX or PTR: the name (empty for a null MX) and the preference (0 for PTR).
 * E_OK or E_NOENT. The slice points into the answer. */
int dns_answer_name(const struct dns_answer *a, unsigned i, struct slice *name,
	uint16_t *preference);

/* Record number i of TXT: its strings joined. E_OK or E_NOENT. */
int dns_answer_text(const struct dns_answer *a, unsigned i, struct slice *text);

/* Empties an answer for records of a type. */
void dns_answer_clear(struct dns_answer *a, enum dns_type type);

/* Adds an address by hand (literals). */
void dns_answer_add_ip(struct dns_answer *a, const uint8_t ip[16]);

/* Whether a name may be asked: labels of 1..63 letters, digits, '-' and '_', 253 bytes at
 * most, not only digits and dots, without its final dot. */
bool dns_name_valid(struct slice name);

/* Writes a query with recursion wanted; letters are upper case where case_bits has a one (bit
 * i of byte i / 8 for byte i of the name). Its length, E_ARG (name), E_LIMIT. */
int dns_query_build(struct slice name, enum dns_type type, uint16_t id, const uint8_t case_bits[32],
	uint8_t *out, size_t cap);

/* Reads an answer to `query` (as sent).
 * E_OK: *out is filled; E_NOENT: no such name, or no record of the type (ttl_s is filled);
 * E_LIMIT: cut off, ask by TCP; E_PROTO: the server failed or refused, or the answer is
 * malformed; E_ARG: not an answer to this query (other id, question or case): to be dropped,
 * wait on. */
int dns_response_parse(struct slice message, struct slice query, struct dns_answer *out);

#endif
