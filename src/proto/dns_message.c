/*
 * dns_message.c - one question out, its answer in (RFC 1035 4).
 *
 * An answer is believed only when it repeats id, question and letter case. Then the chain of
 * CNAMEs is followed by name through the answer section, and records of the asked type that
 * belong to its end are kept. Every name is decompressed with a bound on its length, and pointers
 * may only lead back.
 */
#include "proto/dns_message.h"

#include <string.h>

#include "error.h"

enum { HEADER = 12, FLAG_QR = 0x80, FLAG_TC = 0x02, FLAG_RD = 0x01, CLASS_IN = 1, TYPE_CNAME = 5,
	LABEL_MAX = 63, RECORDS_MAX = 64, NXDOMAIN = 3, TYPE_SOA = 6 };

/* A record as it stands in the message. */
struct record {
	char name[DNS_NAME_MAX + 1];
	size_t name_len;
	unsigned type, class;
	uint32_t ttl;
	size_t data_at, data_len;
};

/* ---- names ---- */

static bool is_name_byte(uint8_t c)
{
	c = byte_lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool dns_name_valid(struct slice name)
{
	size_t label = 0;
	bool letters = false;

	if (name.len > 0 && name.p[name.len - 1] == '.')
		name.len--;
	if (name.len == 0 || name.len > DNS_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.p[i];

		if (c == '.' ? label == 0 : !is_name_byte(c) || ++label > LABEL_MAX)
			return false;
		if (c == '.')
			label = 0;
		else if (c < '0' || c > '9')
			letters = true;
	}
	return label > 0 && letters;
}

/* Reads the name at *at as lower-case text; *at is moved behind it. E_OK or E_PROTO. */
static int name_read(struct slice m, size_t *at, char *out, size_t *len)
{
	size_t i = *at, floor = i, n = 0;
	bool jumped = false;

	for (;;) {
		unsigned label = i < m.len ? m.p[i] : 0x40;

		if (label >= 0xc0) {
			size_t to = i + 1 < m.len ? (size_t)(label & 0x3f) << 8 | m.p[i + 1] : m.len;

			if (!jumped)
				*at = i + 2;
			jumped = true;
			if (to >= floor)
				return E_PROTO;
			i = floor = to;
			continue;
		}
		if (label > LABEL_MAX || i + 1 + label > m.len || n + label + (n > 0) > DNS_NAME_MAX)
			return E_PROTO;
		if (label == 0)
			break;
		if (n > 0)
			out[n++] = '.';
		for (unsigned k = 1; k <= label; k++)
			out[n++] = (char)byte_lower(m.p[i + k]);
		i += 1 + label;
	}
	if (!jumped)
		*at = i + 1;
	*len = n;
	return E_OK;
}

/* ---- queries ---- */

int dns_query_build(struct slice name, enum dns_type type, uint16_t id, const uint8_t case_bits[32],
	uint8_t *out, size_t cap)
{
	size_t at = HEADER, label = HEADER;

	if (!dns_name_valid(name))
		return E_ARG;
	if (name.p[name.len - 1] == '.')
		name.len--;
	if (cap < HEADER + name.len + 6)
		return E_LIMIT;
	memset(out, 0, HEADER);
	out[0] = (uint8_t)(id >> 8);
	out[1] = (uint8_t)id;
	out[2] = FLAG_RD;
	out[5] = 1;
	at++;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = byte_lower(name.p[i]);
		bool upper = (case_bits[i / 8] >> (i % 8) & 1) != 0 && c >= 'a' && c <= 'z';

		if (c == '.') {
			out[label] = (uint8_t)(at - label - 1);
			label = at;
		}
		out[at++] = upper ? (uint8_t)(c - 32) : c;
	}
	out[label] = (uint8_t)(at - label - 1);
	out[at++] = 0;
	out[at++] = 0;
	out[at++] = (uint8_t)type;
	out[at++] = 0;
	out[at++] = CLASS_IN;
	return (int)at;
}

/* ---- records ---- */

static unsigned get16(struct slice m, size_t at)
{
	return (unsigned)m.p[at] << 8 | m.p[at + 1];
}

static int record_read(struct slice m, size_t *at, struct record *r)
{
	if (name_read(m, at, r->name, &r->name_len) != E_OK || *at + 10 > m.len)
		return E_PROTO;
	r->type = get16(m, *at);
	r->class = get16(m, *at + 2);
	r->ttl = (uint32_t)get16(m, *at + 4) << 16 | get16(m, *at + 6);
	if (r->ttl > INT32_MAX) /* a set top bit means 0 (RFC 2181 8) */
		r->ttl = 0;
	r->data_len = get16(m, *at + 8);
	r->data_at = *at + 10;
	*at = r->data_at + r->data_len;
	return *at <= m.len ? E_OK : E_PROTO;
}

void dns_answer_clear(struct dns_answer *a, enum dns_type type)
{
	memset(a, 0, sizeof *a);
	a->type = (uint16_t)type;
	a->ttl_s = DNS_TTL_MAX_S;
}

/* Room for `len` more bytes, which become part of the answer; NULL: does not fit. */
static uint8_t *answer_room(struct dns_answer *a, size_t len)
{
	uint8_t *p = a->data + a->len;

	if (len > sizeof a->data - a->len)
		return NULL;
	a->len = (uint16_t)(a->len + len);
	a->count++;
	return p;
}

void dns_answer_add_ip(struct dns_answer *a, const uint8_t ip[16])
{
	uint8_t *p = answer_room(a, 16);

	if (p != NULL)
		memcpy(p, ip, 16);
}

static int add_address(struct dns_answer *a, struct slice m, const struct record *r)
{
	uint8_t ip[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	size_t want = a->type == DNS_A ? 4 : 16;

	if (r->data_len != want)
		return E_PROTO;
	memcpy(a->type == DNS_A ? ip + 12 : ip, m.p + r->data_at, want);
	dns_answer_add_ip(a, ip);
	return E_OK;
}

/* Preference (2), length (1), name. */
static int add_name(struct dns_answer *a, struct slice m, const struct record *r)
{
	size_t skip = a->type == DNS_MX ? 2 : 0, at = r->data_at + skip, len;
	char name[DNS_NAME_MAX + 1];
	uint8_t *p;

	if (r->data_len < skip + 1 || name_read(m, &at, name, &len) != E_OK ||
			at != r->data_at + r->data_len)
		return E_PROTO;
	if (len > 0 && !dns_name_valid(slice_of(name, len)))
		return E_OK;
	p = answer_room(a, 3 + len);
	if (p == NULL)
		return E_OK;
	p[0] = skip != 0 ? m.p[r->data_at] : 0;
	p[1] = skip != 0 ? m.p[r->data_at + 1] : 0;
	p[2] = (uint8_t)len;
	memcpy(p + 3, name, len);
	return E_OK;
}

/* Length (2), the strings joined. */
static int add_text(struct dns_answer *a, struct slice m, const struct record *r)
{
	size_t at = r->data_at, end = at + r->data_len, n = 0;
	uint8_t joined[DNS_ANSWER_DATA], *p;

	while (at < end) {
		size_t len = m.p[at];

		if (at + 1 + len > end)
			return E_PROTO;
		if (len > sizeof joined - n)
			return E_OK;
		memcpy(joined + n, m.p + at + 1, len);
		n += len;
		at += 1 + len;
	}
	p = answer_room(a, 2 + n);
	if (p == NULL)
		return E_OK;
	p[0] = (uint8_t)(n >> 8);
	p[1] = (uint8_t)n;
	memcpy(p + 2, joined, n);
	return E_OK;
}

static int add(struct dns_answer *a, struct slice m, const struct record *r)
{
	if (r->ttl < a->ttl_s)
		a->ttl_s = r->ttl;
	if (a->type == DNS_A || a->type == DNS_AAAA)
		return add_address(a, m, r);
	return a->type == DNS_TXT ? add_text(a, m, r) : add_name(a, m, r);
}

int dns_answer_ip(const struct dns_answer *a, unsigned i, uint8_t ip[16])
{
	if (i >= a->count || (a->type != DNS_A && a->type != DNS_AAAA))
		return E_NOENT;
	memcpy(ip, a->data + (size_t)i * 16, 16);
	return E_OK;
}

int dns_answer_name(const struct dns_answer *a, unsigned i, struct slice *name,
	uint16_t *preference)
{
	const uint8_t *p = a->data;

	if (i >= a->count || (a->type != DNS_MX && a->type != DNS_PTR))
		return E_NOENT;
	while (i-- > 0)
		p += 3 + p[2];
	*name = slice_of(p + 3, p[2]);
	*preference = (uint16_t)(p[0] << 8 | p[1]);
	return E_OK;
}

int dns_answer_text(const struct dns_answer *a, unsigned i, struct slice *text)
{
	const uint8_t *p = a->data;

	if (i >= a->count || a->type != DNS_TXT)
		return E_NOENT;
	while (i-- > 0)
		p += 2 + (p[0] << 8 | p[1]);
	*text = slice_of(p + 2, (size_t)(p[0] << 8 | p[1]));
	return E_OK;
}

/* ---- answers ---- */

/* The name that the chain leads to, and how often it was followed. */
struct chain {
	char name[DNS_NAME_MAX + 1];
	size_t len;
	unsigned steps;
};

static bool belongs(const struct record *r, const struct chain *c)
{
	return r->class == CLASS_IN &&
		slice_eq(slice_of(r->name, r->name_len), slice_of(c->name, c->len));
}

/* One walk over the answer section: records of the type, and the next CNAME. E_OK: done; E_MORE:
 * the chain went on, walk again; E_PROTO. */
static int walk(struct slice m, size_t at, unsigned records, struct chain *c, struct dns_answer *a)
{
	struct record r;

	for (unsigned i = 0; i < records; i++) {
		size_t target;

		if (record_read(m, &at, &r) != E_OK)
			return E_PROTO;
		if (!belongs(&r, c))
			continue;
		if (r.type == a->type && add(a, m, &r) != E_OK)
			return E_PROTO;
		if (r.type != TYPE_CNAME || a->type == TYPE_CNAME)
			continue;
		target = r.data_at;
		if (++c->steps > DNS_CHAIN_MAX || name_read(m, &target, c->name, &c->len) != E_OK)
			return E_PROTO;
		if (r.ttl < a->ttl_s)
			a->ttl_s = r.ttl;
		return E_MORE;
	}
	return E_OK;
}

static uint32_t clamp(uint32_t ttl)
{
	if (ttl < DNS_TTL_MIN_S)
		return DNS_TTL_MIN_S;
	return ttl < DNS_TTL_MAX_S ? ttl : DNS_TTL_MAX_S;
}

/* The least of the SOA's TTL and its minimum field says how long a missing name is missing (RFC
 * 2308 5). */
static uint32_t negative_ttl(struct slice m, size_t at, unsigned answers, unsigned authorities)
{
	struct record r;

	for (unsigned i = 0; i < answers + authorities; i++) {
		if (record_read(m, &at, &r) != E_OK)
			return DNS_TTL_MIN_S;
		if (i >= answers && r.type == TYPE_SOA && r.data_len >= 22) {
			size_t last = r.data_at + r.data_len - 4;
			uint32_t minimum = (uint32_t)get16(m, last) << 16 | get16(m, last + 2);

			return clamp(minimum < r.ttl ? minimum : r.ttl);
		}
	}
	return DNS_TTL_MIN_S;
}

/* Whether it answers the query: id, direction, one question that is repeated to the letter. */
static bool fits(struct slice m, struct slice query)
{
	if (m.len < query.len || m.len < HEADER || m.p[0] != query.p[0] || m.p[1] != query.p[1])
		return false;
	if ((m.p[2] & FLAG_QR) == 0 || (m.p[2] & 0x78) != 0 || get16(m, 4) != 1)
		return false;
	return memcmp(m.p + HEADER, query.p + HEADER, query.len - HEADER) == 0;
}

int dns_response_parse(struct slice message, struct slice query, struct dns_answer *out)
{
	unsigned code, answers, authorities;
	struct chain c = { .steps = 0 };
	size_t at = HEADER;
	int e = E_MORE;

	if (query.len < HEADER + 5 || !fits(message, query))
		return E_ARG;
	dns_answer_clear(out, (enum dns_type)get16(query, query.len - 4));
	if ((message.p[2] & FLAG_TC) != 0)
		return E_LIMIT;
	code = message.p[3] & 0x0f;
	answers = get16(message, 6);
	authorities = get16(message, 8);
	if ((code != 0 && code != NXDOMAIN) || answers > RECORDS_MAX || authorities > RECORDS_MAX)
		return E_PROTO;
	if (name_read(message, &at, c.name, &c.len) != E_OK)
		return E_PROTO;
	while (e == E_MORE)
		e = walk(message, query.len, answers, &c, out);
	if (e != E_OK)
		return E_PROTO;
	if (out->count == 0) {
		out->ttl_s = negative_ttl(message, query.len, answers, authorities);
		return E_NOENT;
	}
	out->ttl_s = clamp(out->ttl_s);
	return E_OK;
}
