/*
 * fuzz_dns_message.c - any answer to a query of each type. The first byte chooses the type; with its top
 * bit the header and question of the query are put in front, so that the records are reached.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "proto/dns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const struct dns_answer *a)
{
	struct slice text;
	uint16_t preference;
	uint8_t ip[16];

	for (unsigned i = 0; i <= a->count; i++) {
		if (dns_answer_ip(a, i, ip) == E_OK && i >= a->count)
			abort();
		if (dns_answer_name(a, i, &text, &preference) == E_OK && text.len > 0 &&
				!dns_name_valid(text))
			abort();
		(void)dns_answer_text(a, i, &text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA, DNS_MX, DNS_TXT, DNS_PTR };
	static const uint8_t mixed[32] = { 0x5a };
	uint8_t query[DNS_QUERY_MAX], message[2048];
	struct dns_answer answer;
	size_t len;
	int q;

	if (size < 1 || size > 1500)
		return 0;
	q = dns_query_build(slice_str("mail.example.com"), types[(data[0] & 0x7f) % 5], 0x1234, mixed,
		query, sizeof query);
	if (q < 0)
		abort();
	len = size - 1;
	if ((data[0] & 0x80) != 0 && len > 12) {
		memcpy(message, query, (size_t)q);
		memcpy(message + 2, data + 3, 10);
		message[2] |= 0x80;
		message[4] = 0;
		message[5] = 1;
		memcpy(message + q, data + 13, len - 12);
		len = (size_t)q + len - 12;
	} else {
		memcpy(message, data + 1, len);
	}
	memset(&answer, 0, sizeof answer);
	if (dns_response_parse(slice_of(message, len), slice_of(query, (size_t)q), &answer) == E_OK) {
		if (answer.count == 0 || answer.ttl_s < DNS_TTL_MIN_S || answer.ttl_s > DNS_TTL_MAX_S)
			abort();
		read_all(&answer);
	}
	return 0;
}
