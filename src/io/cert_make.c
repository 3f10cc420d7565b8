/*
 * cert_make.c - builds certificates back to front with the DER writer.
 */
#include "io/cert_make.h"

#include <string.h>

#include "base/addr.h"
#include "io/cert_der.h"
#include "io/cert_key.h"
#include "io/cert_view.h"

enum { SERIAL_LEN = 16, KEY_ID_LEN = 20, NAME_MAX = 253, LABEL_MAX = 63 };

/* Identifiers of extensions, all below 2.5.29. */
enum { EXT_SUBJECT_KEY = 14, EXT_KEY_USAGE = 15, EXT_NAMES = 17, EXT_BASIC = 19,
	EXT_AUTHORITY_KEY = 35, EXT_EXT_USAGE = 37 };

/* Puts an extension around the value that was written since `mark`. */
static void extension(struct der_out *o, uint8_t id, bool critical, size_t mark)
{
	static const uint8_t yes = 0xff;
	uint8_t oid[3] = { 0x55, 0x1d, id };

	der_wrap(o, DER_OCTETS, mark);
	if (critical)
		der_element(o, DER_BOOLEAN, &yes, 1);
	der_element(o, DER_OID, oid, sizeof oid);
	der_wrap(o, DER_SEQUENCE, mark);
}

static void ext_basic(struct der_out *o, bool ca)
{
	static const uint8_t yes = 0xff;
	size_t mark = der_mark(o);

	if (ca) {
		der_put_unsigned(o, NULL, 0);
		der_element(o, DER_BOOLEAN, &yes, 1);
	}
	der_wrap(o, DER_SEQUENCE, mark);
	extension(o, EXT_BASIC, true, mark);
}

static void ext_key_usage(struct der_out *o, const struct cert_recipe *r)
{
	static const uint8_t authority[] = { 1, 0x06 }, ec[] = { 7, 0x80 }, rsa[] = { 5, 0xa0 };
	const uint8_t *bits = r->issuer == NULL ? authority :
		r->key->key_type == BR_KEYTYPE_EC ? ec : rsa;
	size_t mark = der_mark(o);

	der_element(o, DER_BITS, bits, 2);
	extension(o, EXT_KEY_USAGE, true, mark);
}

static void ext_ext_usage(struct der_out *o)
{
	static const uint8_t server[] = { 0x2b, 6, 1, 5, 5, 7, 3, 1 };
	size_t mark = der_mark(o);

	der_element(o, DER_OID, server, sizeof server);
	der_wrap(o, DER_SEQUENCE, mark);
	extension(o, EXT_EXT_USAGE, false, mark);
}

static void ext_names(struct der_out *o, struct slice names)
{
	size_t mark = der_mark(o);

	der_put(o, names.p, names.len);
	der_wrap(o, DER_SEQUENCE, mark);
	extension(o, EXT_NAMES, false, mark);
}

static void ext_key_ids(struct der_out *o, const struct cert_recipe *r, const uint8_t *id)
{
	size_t mark = der_mark(o);

	if (r->issuer != NULL) {
		der_element(o, DER_CONTEXT(0), r->issuer->subject_key.p, r->issuer->subject_key.len);
		der_wrap(o, DER_SEQUENCE, mark);
		extension(o, EXT_AUTHORITY_KEY, false, mark);
	}
	mark = der_mark(o);
	der_element(o, DER_OCTETS, id, KEY_ID_LEN);
	extension(o, EXT_SUBJECT_KEY, false, mark);
}

static void extensions(struct der_out *o, const struct cert_recipe *r, const uint8_t *id)
{
	size_t mark = der_mark(o);

	ext_key_ids(o, r, id);
	if (r->issuer != NULL) {
		ext_names(o, r->names);
		ext_ext_usage(o);
	}
	ext_key_usage(o, r);
	ext_basic(o, r->issuer == NULL);
	der_wrap(o, DER_SEQUENCE, mark);
	der_wrap(o, DER_CONSTRUCTED(3), mark);
}

/* One attribute 2.5.4.`type` of a Name. */
static void attribute(struct der_out *o, uint8_t type, const char *text)
{
	uint8_t oid[3] = { 0x55, 4, type };
	size_t mark = der_mark(o);

	der_element(o, DER_UTF8, text, strlen(text));
	der_element(o, DER_OID, oid, sizeof oid);
	der_wrap(o, DER_SEQUENCE, mark);
	der_wrap(o, DER_SET, mark);
}

static void subject(struct der_out *o, const struct cert_recipe *r)
{
	enum { COMMON_NAME = 3, ORGANISATION = 10 };
	size_t mark = der_mark(o);

	attribute(o, COMMON_NAME, r->title);
	if (r->issuer == NULL)
		attribute(o, ORGANISATION, "Mailwicket");
	der_wrap(o, DER_SEQUENCE, mark);
}

static bool tbs(struct der_out *o, const struct cert_recipe *r, const uint8_t *serial)
{
	static const uint8_t version_3 = 2;
	struct der_out public_key;
	uint8_t id[KEY_ID_LEN];
	size_t mark = der_mark(o), part;
	bool fine;

	/* The identifier stands behind the key that it is computed from. */
	public_key = *o;
	fine = cert_key_public(r->key, &public_key, id);
	extensions(o, r, id);
	fine = fine && cert_key_public(r->key, o, NULL);
	subject(o, r);
	part = der_mark(o);
	der_put_time(o, r->not_after_s);
	der_put_time(o, r->not_before_s);
	der_wrap(o, DER_SEQUENCE, part);
	if (r->issuer != NULL)
		der_put(o, r->issuer->subject.p, r->issuer->subject.len);
	else
		subject(o, r);
	cert_key_algorithm(r->signer, o);
	der_put_unsigned(o, serial, SERIAL_LEN);
	part = der_mark(o);
	der_put_unsigned(o, &version_3, 1);
	der_wrap(o, DER_CONSTRUCTED(0), part);
	der_wrap(o, DER_SEQUENCE, mark);
	return fine;
}

int cert_make(const struct cert_recipe *r, uint8_t *out, size_t cap)
{
	static uint8_t mem[CERT_MADE_MAX];
	struct der_out signed_part = der_out_on(mem, sizeof mem), o = der_out_on(out, cap);
	uint8_t serial[SERIAL_LEN], sig[CERT_SIG_MAX];
	size_t mark = der_mark(&o), sig_len;
	struct slice whole;

	if (port_entropy(serial, sizeof serial) != E_OK)
		return E_AGAIN;
	serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
	if (!tbs(&signed_part, r, serial) || signed_part.over)
		return signed_part.over ? E_LIMIT : E_IO;
	sig_len = cert_key_sign(r->signer, der_result(&signed_part), sig);
	if (sig_len == 0)
		return E_IO;
	der_put(&o, sig, sig_len);
	der_put(&o, "", 1);
	der_wrap(&o, DER_BITS, mark);
	cert_key_algorithm(r->signer, &o);
	der_put(&o, der_result(&signed_part).p, der_result(&signed_part).len);
	der_wrap(&o, DER_SEQUENCE, mark);
	if (o.over)
		return E_LIMIT;
	whole = der_result(&o);
	memmove(out, whole.p, whole.len);
	return (int)whole.len;
}

/* ---- names ---- */

static int name_append(uint8_t *names, size_t cap, size_t *len, uint8_t tag, struct slice value)
{
	struct slice rest = slice_of(names, *len), each;
	uint8_t mem[NAME_MAX + 4], found;
	struct der_out o = der_out_on(mem, sizeof mem);
	struct slice made;

	while (der_next(&rest, &found, &each, NULL))
		if (found == tag && (tag == DER_CONTEXT(2) ? slice_eq_nocase(each, value) :
				slice_eq(each, value)))
			return E_OK;
	der_element(&o, tag, value.p, value.len);
	made = der_result(&o);
	if (o.over || made.len > cap - *len)
		return E_LIMIT;
	memcpy(names + *len, made.p, made.len);
	*len += made.len;
	return E_OK;
}

/* Labels of letters, digits, '-' and '_', 1 to 63 bytes each. */
static bool is_host_name(struct slice name)
{
	size_t label = 0;

	if (name.len > NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = byte_lower(name.p[i]);

		if (c == '.' && label == 0)
			return false;
		label = c == '.' ? 0 : label + 1;
		if (label > LABEL_MAX || !(c == '.' || c == '-' || c == '_' || (c >= 'a' && c <= 'z') ||
				(c >= '0' && c <= '9')))
			return false;
	}
	return label > 0;
}

int cert_address_add(uint8_t *names, size_t cap, size_t *len, const struct port_addr *a)
{
	size_t n = addr_is_v4(a) ? 4 : 16;

	return name_append(names, cap, len, DER_CONTEXT(7), slice_of(a->ip + 16 - n, n));
}

int cert_name_add(uint8_t *names, size_t cap, size_t *len, const char *name)
{
	struct slice text = slice_str(name);
	struct port_addr a;

	if (addr_parse(text, &a) == E_OK)
		return cert_address_add(names, cap, len, &a);
	if (text.len > 0 && text.p[text.len - 1] == '.')
		text.len--;
	if (!is_host_name(text))
		return E_ARG;
	return name_append(names, cap, len, DER_CONTEXT(2), text);
}
