/*
 * addr.c - IP addresses as text and prefixes. IPv4 is ::ffff:a.b.c.d throughout, so that one prefix
 * comparison serves both families.
 */
#include "base/addr.h"

#include <string.h>

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* Loopback, private, link-local and unique-local networks. */
static const struct addr_prefix private_nets[] = {
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127 }, 104 },
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10 }, 104 },
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 172, 16 }, 108 },
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 168 }, 112 },
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 169, 254 }, 112 },
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, 128 },
	{ { 0xfe, 0x80 }, 10 },
	{ { 0xfc }, 7 },
};

static int parse_v4(struct slice t, uint8_t ip[16])
{
	memcpy(ip, mapped, sizeof mapped);
	for (int part = 0; part < 4; part++) {
		size_t n = part < 3 ? slice_find(t, '.') : t.len;
		struct slice digits = slice_head(t, n);
		uint64_t v;

		if (n == t.len && part < 3)
			return E_ARG;
		if ((digits.len > 1 && digits.p[0] == '0') || slice_u64(digits, 255, &v) != E_OK)
			return E_ARG;
		ip[12 + part] = (uint8_t)v;
		t = slice_from(t, n + 1);
	}
	return E_OK;
}

static int hex_group(struct slice g, uint16_t *out)
{
	uint16_t v = 0;

	if (g.len == 0 || g.len > 4)
		return E_ARG;
	for (size_t i = 0; i < g.len; i++) {
		uint8_t c = byte_lower(g.p[i]);
		unsigned d;

		if (c >= '0' && c <= '9')
			d = (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			d = (unsigned)(c - 'a') + 10;
		else
			return E_ARG;
		v = (uint16_t)((unsigned)v << 4 | d);
	}
	*out = v;
	return E_OK;
}

/* Groups up to the end of `t` into `out` (at most 16 bytes); the number of bytes, or E_ARG. */
static int parse_groups(struct slice t, uint8_t out[16])
{
	int n = 0;

	while (t.len > 0) {
		size_t at = slice_find(t, ':');
		struct slice g = slice_head(t, at);
		uint8_t v4[16];
		uint16_t v;

		if (at == t.len && slice_find(g, '.') < g.len) {
			if (n > 12 || parse_v4(g, v4) != E_OK)
				return E_ARG;
			memcpy(out + n, v4 + 12, 4);
			return n + 4;
		}
		if (n > 14 || hex_group(g, &v) != E_OK || at + 1 == t.len)
			return E_ARG;
		out[n++] = (uint8_t)(v >> 8);
		out[n++] = (uint8_t)v;
		t = slice_from(t, at + 1);
	}
	return n;
}

static int parse_v6(struct slice t, uint8_t ip[16])
{
	size_t gap = t.len;
	uint8_t head[16], tail[16];
	int h, e;

	for (size_t i = 0; i + 1 < t.len && gap == t.len; i++)
		if (t.p[i] == ':' && t.p[i + 1] == ':')
			gap = i;
	h = parse_groups(slice_head(t, gap), head);
	if (gap == t.len) {
		if (h == 16)
			memcpy(ip, head, 16);
		return h == 16 ? E_OK : E_ARG;
	}
	e = parse_groups(slice_from(t, gap + 2), tail);
	if (h < 0 || e < 0 || h + e > 14)
		return E_ARG;
	memset(ip, 0, 16);
	memcpy(ip, head, (size_t)h);
	memcpy(ip + 16 - e, tail, (size_t)e);
	return E_OK;
}

int addr_parse(struct slice text, struct port_addr *out)
{
	struct port_addr a = { { 0 }, 0, 0 };
	size_t zone;
	uint64_t v;

	if (text.len > 2 && text.p[0] == '[' && text.p[text.len - 1] == ']')
		text = slice_head(slice_from(text, 1), text.len - 2);
	zone = slice_find(text, '%');
	if (zone < text.len) {
		if (slice_u64(slice_from(text, zone + 1), UINT32_MAX, &v) != E_OK)
			return E_ARG;
		a.zone = (uint32_t)v;
		text = slice_head(text, zone);
	}
	if (slice_find(text, ':') == text.len ? parse_v4(text, a.ip) : parse_v6(text, a.ip))
		return E_ARG;
	*out = a;
	return E_OK;
}

int addr_parse_server(struct slice text, uint16_t port_default, struct port_addr *out)
{
	size_t at = slice_find(text, '#');
	struct port_addr a;
	uint64_t port = port_default;

	if (at < text.len && slice_u64(slice_from(text, at + 1), UINT16_MAX, &port) != E_OK)
		return E_ARG;
	if (port == 0 || addr_parse(slice_head(text, at), &a) != E_OK)
		return E_ARG;
	a.port = (uint16_t)port;
	*out = a;
	return E_OK;
}

static bool bit_set(const uint8_t ip[16], unsigned bit)
{
	return (ip[bit / 8] >> (7 - bit % 8) & 1) != 0;
}

int addr_prefix_parse(struct slice text, struct addr_prefix *out)
{
	size_t at = slice_find(text, '/');
	struct port_addr a;
	uint64_t bits;
	bool v4;

	if (addr_parse(slice_head(text, at), &a) != E_OK || a.zone != 0)
		return E_ARG;
	v4 = addr_is_v4(&a);
	bits = v4 ? 32 : 128;
	if (at < text.len && slice_u64(slice_from(text, at + 1), bits, &bits) != E_OK)
		return E_ARG;
	bits += v4 ? 96 : 0;
	for (unsigned i = (unsigned)bits; i < 128; i++)
		if (bit_set(a.ip, i))
			return E_ARG;
	memcpy(out->ip, a.ip, 16);
	out->bits = (uint8_t)bits;
	return E_OK;
}

static bool same_bits(const uint8_t a[16], const uint8_t b[16], unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

bool addr_in(const struct port_addr *a, const struct addr_prefix *p)
{
	return same_bits(a->ip, p->ip, p->bits);
}

bool addr_prefix_within(const struct addr_prefix *inner, const struct addr_prefix *outer)
{
	return inner->bits >= outer->bits && same_bits(inner->ip, outer->ip, outer->bits);
}

bool addr_prefix_is_private(const struct addr_prefix *p)
{
	for (size_t i = 0; i < sizeof private_nets / sizeof private_nets[0]; i++)
		if (addr_prefix_within(p, &private_nets[i]))
			return true;
	return false;
}

bool addr_is_private(const struct port_addr *a)
{
	struct addr_prefix p = { { 0 }, 128 };

	memcpy(p.ip, a->ip, 16);
	return addr_prefix_is_private(&p);
}

bool addr_is_loopback(const struct port_addr *a)
{
	return addr_in(a, &private_nets[0]) || addr_in(a, &private_nets[5]);
}

bool addr_is_v4(const struct port_addr *a)
{
	return memcmp(a->ip, mapped, sizeof mapped) == 0;
}

bool addr_is_any(const struct port_addr *a)
{
	static const uint8_t zero[16];

	return memcmp(a->ip + (addr_is_v4(a) ? 12 : 0), zero, addr_is_v4(a) ? 4 : 16) == 0;
}

bool addr_same(const struct port_addr *a, const struct port_addr *b, bool with_port)
{
	return memcmp(a->ip, b->ip, 16) == 0 && (!with_port || a->port == b->port);
}

static uint16_t group(const struct port_addr *a, unsigned i)
{
	return (uint16_t)(a->ip[2 * i] << 8 | a->ip[2 * i + 1]);
}

static void put_v6(struct fmt *f, const struct port_addr *a)
{
	unsigned best = 8, best_len = 1;

	for (unsigned i = 0; i < 8; i++) {
		unsigned n = 0;

		while (i + n < 8 && group(a, i + n) == 0)
			n++;
		if (n > best_len) {
			best = i;
			best_len = n;
		}
	}
	for (unsigned i = 0; i < 8; i++) {
		if (i == best) {
			fmt_str(f, "::");
			i += best_len - 1;
			continue;
		}
		if (i > 0 && i != best + best_len)
			fmt_char(f, ':');
		fmt_printf(f, "%x", (unsigned)group(a, i));
	}
	if (a->zone != 0)
		fmt_printf(f, "%%%u", (unsigned)a->zone);
}

void addr_put(struct fmt *f, const struct port_addr *a)
{
	if (addr_is_v4(a))
		fmt_printf(f, "%u.%u.%u.%u", a->ip[12], a->ip[13], a->ip[14], a->ip[15]);
	else
		put_v6(f, a);
}

void addr_put_port(struct fmt *f, const struct port_addr *a)
{
	bool v6 = !addr_is_v4(a);

	fmt_str(f, v6 ? "[" : "");
	addr_put(f, a);
	fmt_printf(f, "%s:%u", v6 ? "]" : "", (unsigned)a->port);
}
