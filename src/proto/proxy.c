/*
 * proxy.c - the header of the PROXY protocol, looked at from its first octet each time: it is
 * short, and comes once.
 */
#include "proto/proxy.h"

#include <string.h>

#include "base/addr.h"
#include "error.h"

enum { V1_MAX = 107, V2_FIXED = 16, V2_INET = 12, V2_INET6 = 36 };

static const uint8_t v2_signature[12] = {
	0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
};

/* Whether `in` begins with the first in.len octets of `want`. */
static bool may_become(struct slice in, const void *want, size_t len)
{
	return memcmp(in.p, want, in.len < len ? in.len : len) == 0;
}

/* ---- version 1: a line of text ---- */

static bool v1_address(struct slice word, bool v4, struct port_addr *out)
{
	return addr_parse(word, out) == E_OK && out->zone == 0 && addr_is_v4(out) == v4 &&
		slice_find(word, '[') == word.len;
}

static bool v1_port(struct slice word, uint16_t *out)
{
	uint64_t v;

	if (word.len == 0 || (word.len > 1 && word.p[0] == '0') ||
			slice_u64(word, UINT16_MAX, &v) != E_OK)
		return false;
	*out = (uint16_t)v;
	return true;
}

/* The next word, parted by exactly one space. */
static struct slice v1_word(struct slice *rest)
{
	size_t n = slice_find(*rest, ' ');
	struct slice word = slice_head(*rest, n);

	*rest = slice_from(*rest, n + 1);
	return word;
}

static int v1_parse(struct slice in, struct proxy_header *out)
{
	size_t lf = slice_find(slice_head(in, V1_MAX), '\n');
	struct slice rest = slice_head(in, lf), family;
	bool v4;

	if (lf >= in.len || lf >= V1_MAX)
		return in.len >= V1_MAX ? E_PROTO : E_AGAIN;
	if (lf == 0 || in.p[lf - 1] != '\r')
		return E_PROTO;
	rest.len--;
	v1_word(&rest);
	family = v1_word(&rest);
	out->local = slice_eq(family, slice_str("UNKNOWN"));
	if (out->local)
		return (int)lf + 1;
	v4 = slice_eq(family, slice_str("TCP4"));
	if (!v4 && !slice_eq(family, slice_str("TCP6")))
		return E_PROTO;
	if (!v1_address(v1_word(&rest), v4, &out->source) ||
			!v1_address(v1_word(&rest), v4, &out->destination) ||
			!v1_port(v1_word(&rest), &out->source.port) ||
			!v1_port(v1_word(&rest), &out->destination.port) || rest.len > 0 ||
			in.p[lf - 2] == ' ')
		return E_PROTO;
	return (int)lf + 1;
}

/* ---- version 2: binary ---- */

static void v2_address(const uint8_t *p, bool v4, struct port_addr *out)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	memset(out, 0, sizeof *out);
	if (v4) {
		memcpy(out->ip, mapped, 12);
		memcpy(out->ip + 12, p, 4);
	} else {
		memcpy(out->ip, p, 16);
	}
}

static int v2_parse(struct slice in, struct proxy_header *out)
{
	size_t len, addr_len;
	const uint8_t *p;
	bool v4;

	if (in.len < V2_FIXED)
		return E_AGAIN;
	len = (size_t)in.p[14] << 8 | in.p[15];
	if ((in.p[12] & 0xf0) != 0x20 || (in.p[12] & 0x0f) > 1 || V2_FIXED + len > PROXY_HEADER_MAX)
		return E_PROTO;
	if (in.len < V2_FIXED + len)
		return E_AGAIN;
	out->local = (in.p[12] & 0x0f) == 0 || in.p[13] == 0;
	if (out->local)
		return (int)(V2_FIXED + len);
	v4 = in.p[13] == 0x11;
	if ((!v4 && in.p[13] != 0x21) || len < (v4 ? V2_INET : V2_INET6))
		return E_PROTO;
	p = in.p + V2_FIXED;
	addr_len = v4 ? 4 : 16;
	v2_address(p, v4, &out->source);
	v2_address(p + addr_len, v4, &out->destination);
	p += 2 * addr_len;
	out->source.port = (uint16_t)(p[0] << 8 | p[1]);
	out->destination.port = (uint16_t)(p[2] << 8 | p[3]);
	return (int)(V2_FIXED + len);
}

int proxy_parse(struct slice in, struct proxy_header *out)
{
	memset(out, 0, sizeof *out);
	if (in.len == 0)
		return E_AGAIN;
	if (may_become(in, "PROXY ", 6))
		return in.len < 6 ? E_AGAIN : v1_parse(in, out);
	if (may_become(in, v2_signature, sizeof v2_signature))
		return in.len < sizeof v2_signature ? E_AGAIN : v2_parse(in, out);
	return E_PROTO;
}
