/*
 * cert_names.c - the names in certificates: whom they are for, and how they read.
 */
#include "io/cert_view.h"

#include <string.h>

#include "base/addr.h"
#include "io/cert_der.h"

enum { NAME_DNS = DER_CONTEXT(2), NAME_IP = DER_CONTEXT(7) };

/* The value of an attribute 2.5.4.`type` of a Name. */
static bool attribute(struct slice name, uint8_t type, uint8_t *tag, struct slice *value)
{
	struct slice sets, set, pair, oid;

	if (!der_take(&name, DER_SEQUENCE, &sets))
		return false;
	while (der_take(&sets, DER_SET, &set))
		while (der_take(&set, DER_SEQUENCE, &pair))
			if (der_take(&pair, DER_OID, &oid) && oid.len == 3 && oid.p[0] == 0x55 &&
					oid.p[1] == 4 && oid.p[2] == type)
				return der_next(&pair, tag, value, NULL);
	return false;
}

void cert_title(struct slice name, char *out, size_t cap)
{
	enum { COMMON_NAME = 3, ORGANISATION = 10 };
	struct fmt f = fmt_on(out, cap - 1);
	struct slice value;
	uint8_t tag;

	if (attribute(name, COMMON_NAME, &tag, &value) || attribute(name, ORGANISATION, &tag, &value))
		for (size_t i = 0; i < value.len; i++) {
			if (tag == DER_BMP && i % 2 == 0 && value.p[i] == 0)
				continue;
			fmt_clean(&f, slice_from(value, i), 1);
		}
	out[f.len] = '\0';
}

/* "*.example.org" against "mail.example.org": one whole label, and never right below a top-level
 * name. */
static bool wildcard_covers(struct slice pattern, struct slice host)
{
	struct slice tail = slice_from(pattern, 1);
	size_t label = slice_find(host, '.');

	if (slice_find(slice_from(tail, 1), '.') == tail.len - 1)
		return false;
	return label > 0 && slice_eq_nocase(tail, slice_from(host, label));
}

static bool dns_covers(struct slice pattern, struct slice host)
{
	if (pattern.len > 2 && pattern.p[0] == '*' && pattern.p[1] == '.')
		return slice_find(slice_from(pattern, 1), '*') == pattern.len - 1 &&
			wildcard_covers(pattern, host);
	return slice_find(pattern, '*') == pattern.len && slice_eq_nocase(pattern, host);
}

bool cert_names_cover(struct slice names, struct slice host, const uint8_t *ip, uint8_t ip_len)
{
	struct slice value;
	uint8_t tag;

	while (der_next(&names, &tag, &value, NULL)) {
		if (ip_len > 0 ? tag == NAME_IP && slice_eq(value, slice_of(ip, ip_len)) :
				tag == NAME_DNS && dns_covers(value, host))
			return true;
	}
	return false;
}

static void ip_put(struct fmt *f, struct slice ip)
{
	struct port_addr a = { { 0 }, 0, 0 };

	if (ip.len == 4) {
		a.ip[10] = a.ip[11] = 0xff;
		memcpy(a.ip + 12, ip.p, 4);
	} else if (ip.len == 16) {
		memcpy(a.ip, ip.p, 16);
	} else {
		fmt_char(f, '?');
		return;
	}
	addr_put(f, &a);
}

void cert_names_put(struct fmt *f, struct slice names)
{
	struct slice value;
	const char *gap = "";
	uint8_t tag;

	while (der_next(&names, &tag, &value, NULL)) {
		if (tag != NAME_DNS && tag != NAME_IP)
			continue;
		fmt_str(f, gap);
		gap = " ";
		if (tag == NAME_IP)
			ip_put(f, value);
		else
			fmt_clean(f, value, value.len);
	}
}
