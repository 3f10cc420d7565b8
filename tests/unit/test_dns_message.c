/*
 * test_dns_message.c - queries and answers of RFC 1035: answers built piece by piece, every cut
 * and every changed octet of one, and the lies that names and counts can tell.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "proto/dns_message.h"

enum { CNAME = 5, SOA = 6, NAME_AT = 0xc00c /* pointer to the question's name */ };

static uint8_t query[DNS_QUERY_MAX];
static size_t query_len;

/* An answer under construction. */
static uint8_t m[2048];
static size_t len;

static void put8(unsigned v)
{
	m[len++] = (uint8_t)v;
}

static void put16(unsigned v)
{
	put8(v >> 8);
	put8(v & 0xff);
}

static void put32(uint32_t v)
{
	put16(v >> 16);
	put16(v & 0xffff);
}

static void put_name(const char *name)
{
	while (*name != '\0') {
		size_t n = strcspn(name, ".");

		put8((unsigned)n);
		memcpy(m + len, name, n);
		len += n;
		name += n + (name[n] == '.');
	}
	put8(0);
}

static void ask(const char *name, enum dns_type type)
{
	static const uint8_t bits[32] = { 0x55, 0xaa, 0x55, 0xaa };
	int n = dns_query_build(slice_str(name), type, 0x1234, bits, query, sizeof query);

	assert_true(n > 0);
	query_len = (size_t)n;
	memcpy(m, query, query_len);
	len = query_len;
	m[2] = 0x81;
	m[3] = 0x80;
}

/* The head of a record with its owner as a pointer, or by name. */
static void record(const char *name, unsigned at, unsigned type, uint32_t ttl, unsigned data_len)
{
	m[7]++;
	if (name != NULL)
		put_name(name);
	else
		put16(at);
	put16(type);
	put16(1);
	put32(ttl);
	put16(data_len);
}

static void address(const char *name, uint32_t ttl, uint8_t last)
{
	record(name, NAME_AT, DNS_A, ttl, 4);
	put32(0x0a000000u | last);
}

static void cname(const char *from, const char *to, uint32_t ttl)
{
	record(from, NAME_AT, CNAME, ttl, (unsigned)strlen(to) + 2);
	put_name(to);
}

static int parse(struct dns_answer *a)
{
	uint8_t *exact = malloc(len > 0 ? len : 1); /* so that a sanitizer sees what is read behind the end */
	int e;

	memcpy(exact, m, len);
	e = dns_response_parse(slice_of(exact, len), slice_of(query, query_len), a);
	free(exact);
	return e;
}

static void queries(void **state)
{
	static const uint8_t want[] = { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'A', 3, 'b', '-', '1', 2, 'D',
		'e', 0, 0, 28, 0, 1 };
	static const uint8_t bits[32] = { 0x41 };
	uint8_t all[32];
	uint8_t out[sizeof want];

	assert_int_equal(dns_query_build(slice_str("a.B-1.de."), DNS_AAAA, 0x1234, bits, out, sizeof out),
		sizeof want);
	assert_memory_equal(out, want, sizeof want);
	memset(all, 0xff, sizeof all);
	assert_int_equal(dns_query_build(slice_str("a.B-1_.de"), DNS_AAAA, 0x1234, all, query, sizeof query),
		sizeof want + 1);
	assert_memory_equal(query + 12, "\1A\4B-1_\2DE", 11);
	assert_int_equal(dns_query_build(slice_str("a.B-1.de"), DNS_AAAA, 0x1234, bits, out, sizeof out),
		sizeof want);
	assert_int_equal(dns_query_build(slice_str("a.b-1.de"), DNS_A, 1, bits, out, sizeof out - 1), E_LIMIT);
	assert_int_equal(dns_query_build(slice_str("a b"), DNS_A, 1, bits, out, sizeof out), E_ARG);
}

static void names(void **state)
{
	static const char *const good[] = { "a", "a.b", "a.b.", "_smtp._tcp.x", "-a-.b", "1.in-addr.arpa", "4a" };
	static const char *const bad[] = { "", ".", "..", "a..b", ".a", "a b", "a\xc3\xa4", "1.2.3.4", "12", "a.b..",
		"a/b", "a:b" };
	char text[300];

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(dns_name_valid(slice_str(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(dns_name_valid(slice_str(bad[i])));
	memset(text, 'a', sizeof text);
	assert_true(dns_name_valid(slice_of(text, 63)));
	assert_false(dns_name_valid(slice_of(text, 64)));
	text[63] = text[127] = text[191] = '.';
	assert_true(dns_name_valid(slice_of(text, 253)));
	assert_false(dns_name_valid(slice_of(text, 254)));
	text[253] = '.';
	assert_true(dns_name_valid(slice_of(text, 254)));
	ask("a.b", DNS_A);
	assert_true(dns_query_build(slice_of(text, 253), DNS_A, 1, query, query, sizeof query) > 0);
}

static void addresses(void **state)
{
	static const uint8_t first[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1 };
	struct dns_answer a;
	uint8_t ip[16];

	ask("mail.example.com", DNS_A);
	address(NULL, 300, 1);
	address("MAIL.example.COM", 200, 2);
	address("other.example.com", 100, 3);     /* not asked for */
	record(NULL, NAME_AT, DNS_AAAA, 90, 16);  /* nor this */
	for (int i = 0; i < 4; i++)
		put32(1);
	record(NULL, NAME_AT, DNS_A, 80, 4);
	m[len - 7] = 3;                           /* another class */
	put32(5);
	assert_int_equal(parse(&a), E_OK);
	assert_int_equal(a.count, 2);
	assert_int_equal(a.ttl_s, 200);
	assert_int_equal(dns_answer_ip(&a, 0, ip), E_OK);
	assert_memory_equal(ip, first, 16);
	assert_int_equal(dns_answer_ip(&a, 1, ip), E_OK);
	assert_int_equal(ip[15], 2);
	assert_int_equal(dns_answer_ip(&a, 2, ip), E_NOENT);
	ask("v6.test", DNS_AAAA);
	record(NULL, NAME_AT, DNS_AAAA, 300, 16);
	for (uint32_t i = 0; i < 4; i++)
		put32(0x20010db8 + i);
	assert_int_equal(parse(&a), E_OK);
	assert_int_equal(dns_answer_ip(&a, 0, ip), E_OK);
	assert_memory_equal(ip, "\x20\x01\x0d\xb8\x20\x01\x0d\xb9\x20\x01\x0d\xba\x20\x01\x0d\xbb", 16);
}

static void wrong_lengths_of_addresses(void **state)
{
	for (unsigned n = 0; n < 20; n++) {
		struct dns_answer a;

		ask("a.test", n % 2 ? DNS_A : DNS_AAAA);
		record(NULL, NAME_AT, n % 2 ? DNS_A : DNS_AAAA, 300, n);
		for (unsigned i = 0; i < n; i++)
			put8(i);
		assert_int_equal(parse(&a), n == 16 ? E_OK : E_PROTO);
	}
}

static void chains_of_cnames(void **state)
{
	static const char *const steps[] = { "b.test", "c.test", "d.test", "e.test", "f.test", "g.test", "h.test",
		"i.test", "j.test" };

	for (int n = 1; n <= 9; n++)
		for (int backwards = 0; backwards < 2; backwards++) {
			struct dns_answer a;
			uint8_t ip[16];

			ask("a.test", DNS_A);
			for (int k = 0; k < n; k++) {
				int i = backwards ? n - 1 - k : k;

				if (k == (backwards ? 0 : n - 1) && backwards)
					address(steps[n - 1], 1000, 9);
				cname(i == 0 ? NULL : steps[i - 1], steps[i], 500u + (unsigned)i);
			}
			if (!backwards)
				address(steps[n - 1], 1000, 9);
			address("b.tes", 70, 8);
			if (n > DNS_CHAIN_MAX) {
				assert_int_equal(parse(&a), E_PROTO);
				continue;
			}
			assert_int_equal(parse(&a), E_OK);
			assert_int_equal(a.count, 1);
			assert_int_equal(a.ttl_s, 500);
			assert_int_equal(dns_answer_ip(&a, 0, ip), E_OK);
			assert_int_equal(ip[15], 9);
		}
}

static void circles_end(void **state)
{
	struct dns_answer a;

	ask("a.test", DNS_A);
	cname(NULL, "a.test", 300);
	assert_int_equal(parse(&a), E_PROTO);
	ask("a.test", DNS_A);
	cname(NULL, "b.test", 300);
	cname("b.test", "a.test", 300);
	assert_int_equal(parse(&a), E_PROTO);
	ask("a.test", DNS_A);
	cname(NULL, "b.test", 300); /* leads to nothing */
	assert_int_equal(parse(&a), E_NOENT);
}

static void exchangers_texts_and_names(void **state)
{
	struct dns_answer a;
	struct slice s;
	uint16_t preference;

	ask("example.com", DNS_MX);
	record(NULL, NAME_AT, DNS_MX, 300, 2 + 5);
	put16(300);
	put8(2);
	put8('M');
	put8('x');
	put16(NAME_AT);
	record(NULL, NAME_AT, DNS_MX, 300, 3);
	put16(0);
	put8(0); /* null MX */
	record(NULL, NAME_AT, DNS_MX, 300, 2 + 5);
	put16(7);
	put_name("a b");
	assert_int_equal(parse(&a), E_OK);
	assert_int_equal(a.count, 2); /* the name with a blank is left out */
	assert_int_equal(dns_answer_name(&a, 0, &s, &preference), E_OK);
	assert_true(slice_eq(s, slice_str("mx.example.com")) && preference == 300);
	assert_int_equal(dns_answer_name(&a, 1, &s, &preference), E_OK);
	assert_true(s.len == 0 && preference == 0);
	assert_int_equal(dns_answer_name(&a, 2, &s, &preference), E_NOENT);
	assert_int_equal(dns_answer_text(&a, 0, &s), E_NOENT);
	ask("1.0.0.10.in-addr.arpa", DNS_PTR);
	record(NULL, NAME_AT, DNS_PTR, 300, 6);
	put_name("HoSt");
	assert_int_equal(parse(&a), E_OK);
	assert_int_equal(dns_answer_name(&a, 0, &s, &preference), E_OK);
	assert_true(slice_eq(s, slice_str("host")));
	ask("t.test", DNS_TXT);
	record(NULL, NAME_AT, DNS_TXT, 300, 7);
	memcpy(m + len, "\2ab\0\2\xff ", 7);
	len += 7;
	record(NULL, NAME_AT, DNS_TXT, 300, 1);
	put8(0);
	assert_int_equal(parse(&a), E_OK);
	assert_int_equal(dns_answer_text(&a, 0, &s), E_OK);
	assert_true(slice_eq(s, slice_of("ab\xff ", 4)));
	assert_int_equal(dns_answer_text(&a, 1, &s), E_OK);
	assert_int_equal(s.len, 0);
	record(NULL, NAME_AT, DNS_TXT, 300, 2);
	put16(0x0261); /* a string longer than its record */
	assert_int_equal(parse(&a), E_PROTO);
}

/* An MX record whose length says `data_len` where a name of `name` octets and `extra` more stand. */
static int mx(unsigned data_len, unsigned name, unsigned extra)
{
	struct dns_answer a;

	ask("example.com", DNS_MX);
	record(NULL, NAME_AT, DNS_MX, 300, data_len);
	put16(7);
	if (name > 1)
		put8(name - 2);
	for (unsigned i = 2; i < name; i++)
		put8('a');
	if (name > 0)
		put8(0);
	for (unsigned i = 0; i < extra; i++)
		put8(0);
	return parse(&a);
}

static void names_of_wrong_length(void **state)
{
	assert_int_equal(mx(7, 5, 0), E_OK);
	assert_int_equal(mx(3, 1, 0), E_OK);
	assert_int_equal(mx(2, 0, 0), E_PROTO); /* none */
	assert_int_equal(mx(8, 5, 1), E_PROTO); /* more behind it */
	assert_int_equal(mx(6, 5, 0), E_PROTO); /* beyond the record */
	assert_int_equal(mx(1, 0, 0), E_PROTO);
	assert_int_equal(mx(2 + 65, 65, 0), E_OK);
	assert_int_equal(mx(2 + 66, 66, 0), E_PROTO); /* a label of 64 */
}

static void more_records_than_room(void **state)
{
	struct dns_answer a;
	struct slice s;

	ask("a.test", DNS_A);
	for (int i = 0; i < 60; i++)
		address(NULL, 300, (uint8_t)i);
	assert_int_equal(parse(&a), E_OK);
	assert_int_equal(a.count, DNS_ANSWER_DATA / 16);
	for (int i = 60; i < 65; i++)
		address(NULL, 300, 1);
	assert_int_equal(parse(&a), E_PROTO);
	ask("t.test", DNS_TXT);
	for (int i = 0; i < 4; i++) {
		record(NULL, NAME_AT, DNS_TXT, 300, 201);
		put8(200);
		memset(m + len, 'a' + i, 200);
		len += 200;
	}
	assert_int_equal(parse(&a), E_OK);
	assert_int_equal(a.count, 2);
	assert_int_equal(dns_answer_text(&a, 1, &s), E_OK);
	assert_true(s.len == 200 && s.p[199] == 'b');
	record(NULL, NAME_AT, DNS_TXT, 300, 3 * 251);
	for (int i = 0; i < 3; i++) {
		put8(250);
		memset(m + len, 'x', 250);
		len += 250;
	}
	assert_int_equal(parse(&a), E_OK);
	assert_int_equal(a.count, 2);
}

static void times_to_live_a53(void **state)
{
	static const uint32_t rows[][2] = { { 0, 60 }, { 1, 60 }, { 60, 60 }, { 61, 61 }, { 86400, 86400 },
		{ 86401, 86400 }, { 0x7fffffff, 86400 }, { 0x80000000u, 60 }, { 0xffffffffu, 60 } };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct dns_answer a;

		ask("a.test", DNS_A);
		address(NULL, rows[i][0], 1);
		assert_int_equal(parse(&a), E_OK);
		assert_int_equal(a.ttl_s, rows[i][1]);
	}
}

static void names_that_are_missing(void **state)
{
	struct dns_answer a;

	ask("a.test", DNS_A);
	assert_int_equal(parse(&a), E_NOENT);
	assert_int_equal(a.ttl_s, 60);
	m[3] = 0x83; /* NXDOMAIN */
	record(NULL, NAME_AT, SOA, 7200, 22);
	m[7]--;
	m[9]++;
	put16(0);
	for (int i = 0; i < 4; i++)
		put32(99999);
	put32(500);
	assert_int_equal(parse(&a), E_NOENT);
	assert_int_equal(a.ttl_s, 500);
	len -= 4;
	put32(100000);
	assert_int_equal(parse(&a), E_NOENT);
	assert_int_equal(a.ttl_s, 7200);
	m[query_len + 7]++; /* the SOA's own TTL grows by 2^16 */
	assert_int_equal(parse(&a), E_NOENT);
	assert_int_equal(a.ttl_s, 7200 + 65536);
	m[query_len + 7]++;
	assert_int_equal(parse(&a), E_NOENT);
	assert_int_equal(a.ttl_s, DNS_TTL_MAX_S);
	assert_int_equal(dns_response_parse(slice_of(m, len), slice_of(query, 16), &a), E_ARG);
}

static void server_failures(void **state)
{
	for (uint8_t code = 0; code < 16; code++) {
		struct dns_answer a;

		ask("a.test", DNS_A);
		address(NULL, 300, 1);
		m[3] = (uint8_t)(0x80 | code);
		assert_int_equal(parse(&a), code == 0 ? E_OK : code == 3 ? E_OK : E_PROTO);
		m[2] |= 2;
		assert_int_equal(parse(&a), E_LIMIT);
	}
}

/* any other id, question, case, or direction is somebody else's. */
static void answers_to_something_else(void **state)
{
	struct dns_answer a;

	ask("mail.example.com", DNS_A);
	address(NULL, 300, 1);
	for (size_t i = 0; i < query_len; i++) {
		if (i == 3 || (i >= 6 && i < 12))
			continue;
		for (unsigned bit = 0; bit < 8; bit++) {
			if (i == 2 && (bit == 0 || bit == 1 || bit == 2))
				continue; /* RD, TC, AA */
			m[i] ^= (uint8_t)(1u << bit);
			assert_int_equal(parse(&a), E_ARG);
			m[i] ^= (uint8_t)(1u << bit);
		}
	}
	assert_int_equal(parse(&a), E_OK);
	assert_int_equal(dns_response_parse(slice_of(m, len), slice_of(query, 10), &a), E_ARG);
}

static void every_cut_and_every_octet(void **state)
{
	uint8_t whole[sizeof m];
	struct dns_answer a;
	size_t n;

	ask("mail.example.com", DNS_A);
	cname(NULL, "x.test", 300);
	address("x.test", 300, 1);
	n = len;
	memcpy(whole, m, n);
	for (len = 0; len < n; len++)
		assert_true(parse(&a) == (len < query_len ? E_ARG : E_PROTO));
	for (size_t i = 0; i < n; i++)
		for (unsigned v = 0; v < 256; v++) {
			int e;

			m[i] = (uint8_t)v;
			e = parse(&a);
			assert_true(e == E_OK || e == E_NOENT || e == E_PROTO || e == E_ARG || e == E_LIMIT);
			m[i] = whole[i];
		}
}

/* Pointers that lead forward, to themselves, in circles, beyond the end; labels of reserved kinds; names
 * that grow too long by pointers. */
static void names_that_lie_a53(void **state)
{
	struct dns_answer a;
	size_t at, from;

	for (unsigned to = 0; to < 0x4000; to += 7) {
		ask("a.test", DNS_A);
		record(NULL, 0xc000 | to, DNS_A, 300, 4);
		put32(1);
		assert_true(parse(&a) != E_LIMIT && parse(&a) != E_ARG);
		if (to >= query_len)
			assert_int_equal(parse(&a), E_PROTO);
	}
	for (unsigned kind = 0x40; kind < 0xc0; kind++) {
		ask("a.test", DNS_A);
		record(NULL, kind << 8, DNS_A, 300, 4);
		put32(1);
		assert_int_equal(parse(&a), E_PROTO);
	}
	ask("a.test", DNS_A);
	record("x", 0, 99, 300, 300);
	from = len;
	for (int i = 0; i < 150; i++) { /* each label points to the one before */
		at = len;
		put8(1);
		put8('y');
		if (i == 0)
			put8(0), put8(0);
		else
			put16((unsigned)(0xc000 | (at - 4)));
	}
	m[from - 2] = (uint8_t)((len - from) >> 8);
	m[from - 1] = (uint8_t)(len - from);
	record(NULL, (unsigned)(0xc000 | (len - 4)), DNS_A, 300, 4);
	put32(1);
	assert_int_equal(parse(&a), E_PROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries), cmocka_unit_test(names), cmocka_unit_test(addresses),
		cmocka_unit_test(wrong_lengths_of_addresses), cmocka_unit_test(chains_of_cnames),
		cmocka_unit_test(circles_end), cmocka_unit_test(exchangers_texts_and_names),
		cmocka_unit_test(names_of_wrong_length),
		cmocka_unit_test(more_records_than_room), cmocka_unit_test(times_to_live_a53),
		cmocka_unit_test(names_that_are_missing), cmocka_unit_test(server_failures),
		cmocka_unit_test(answers_to_something_else), cmocka_unit_test(every_cut_and_every_octet),
		cmocka_unit_test(names_that_lie_a53),
	};

	return cmocka_run_group_tests_name("dns_message", tests, NULL, NULL);
}
