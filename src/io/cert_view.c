/*
 * cert_view.c - takes certificates apart by tables of object identifiers.
 */
#include "io/cert_view.h"

#include <string.h>

#include "io/cert_der.h"

/* An object identifier's content and what it stands for. */
struct oid_row {
	uint8_t len;
	uint8_t oid[9];
	uint8_t kind;
	uint8_t curve;
	uint16_t bits;
};

#define PKCS1 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01
#define X962 0x2a, 0x86, 0x48, 0xce, 0x3d

static const struct oid_row signatures[] = {
	{ 9, { PKCS1, 11 }, CERT_SIG_RSA, 0, 0 },
	{ 9, { PKCS1, 12 }, CERT_SIG_RSA, 0, 0 },
	{ 9, { PKCS1, 13 }, CERT_SIG_RSA, 0, 0 },
	{ 8, { X962, 4, 3, 2 }, CERT_SIG_EC, 0, 0 },
	{ 8, { X962, 4, 3, 3 }, CERT_SIG_EC, 0, 0 },
	{ 8, { X962, 4, 3, 4 }, CERT_SIG_EC, 0, 0 },
	{ 9, { PKCS1, 2 }, CERT_SIG_WEAK, 0, 0 },
	{ 9, { PKCS1, 4 }, CERT_SIG_WEAK, 0, 0 },
	{ 9, { PKCS1, 5 }, CERT_SIG_WEAK, 0, 0 },
	{ 9, { PKCS1, 14 }, CERT_SIG_WEAK, 0, 0 },
	{ 7, { X962, 4, 1 }, CERT_SIG_WEAK, 0, 0 },
	{ 8, { X962, 4, 3, 1 }, CERT_SIG_WEAK, 0, 0 },
	{ 7, { 0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3 }, CERT_SIG_WEAK, 0, 0 },
};

static const struct oid_row curves[] = {
	{ 8, { X962, 3, 1, 7 }, CERT_KEY_EC, 23, 256 },
	{ 5, { 0x2b, 0x81, 0x04, 0x00, 0x22 }, CERT_KEY_EC, 24, 384 },
	{ 5, { 0x2b, 0x81, 0x04, 0x00, 0x23 }, CERT_KEY_EC, 25, 521 },
};

static const struct oid_row key_kinds[] = {
	{ 9, { PKCS1, 1 }, CERT_KEY_RSA, 0, 0 },
	{ 7, { X962, 2, 1 }, CERT_KEY_EC, 0, 0 },
};

static const struct oid_row extensions[] = {
	{ 3, { 0x55, 0x1d, 19 }, CERT_EXT_BASIC, 0, 0 },
	{ 3, { 0x55, 0x1d, 15 }, CERT_EXT_KEY_USAGE, 0, 0 },
	{ 3, { 0x55, 0x1d, 17 }, CERT_EXT_NAMES, 0, 0 },
	{ 3, { 0x55, 0x1d, 37 }, CERT_EXT_EXT_USAGE, 0, 0 },
	{ 3, { 0x55, 0x1d, 30 }, CERT_EXT_CONSTRAINTS, 0, 0 },
	{ 3, { 0x55, 0x1d, 14 }, CERT_EXT_SUBJECT_KEY, 0, 0 },
	{ 3, { 0x55, 0x1d, 35 }, CERT_EXT_AUTHORITY_KEY, 0, 0 },
};

static const uint8_t usage_server[] = { 0x2b, 6, 1, 5, 5, 7, 3, 1 };
static const uint8_t usage_any[] = { 0x55, 0x1d, 37, 0 };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct oid_row *oid_find(const struct oid_row *rows, size_t count, struct slice oid)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq(oid, slice_of(rows[i].oid, rows[i].len)))
			return &rows[i];
	return NULL;
}

static bool rsa_read(struct cert_view *v, struct slice key)
{
	struct slice seq;
	size_t bits;

	if (!der_take(&key, DER_SEQUENCE, &seq) || key.len > 0 || !der_unsigned(&seq, &v->n) ||
			!der_unsigned(&seq, &v->e) || seq.len > 0 || v->n.len == 0 || v->e.len == 0)
		return false;
	bits = v->n.len * 8;
	for (uint8_t top = v->n.p[0]; top < 0x80; top = (uint8_t)(top << 1))
		bits--;
	if (bits > UINT16_MAX)
		return false;
	v->key_bits = (uint16_t)bits;
	return true;
}

static bool ec_read(struct cert_view *v, struct slice algorithm, struct slice key)
{
	const struct oid_row *curve = NULL;
	struct slice oid;

	if (der_take(&algorithm, DER_OID, &oid))
		curve = oid_find(curves, COUNT(curves), oid);
	if (curve == NULL) {
		v->key = CERT_KEY_OTHER_CURVE;
		return true;
	}
	v->curve = curve->curve;
	v->key_bits = curve->bits;
	v->q = key;
	return key.len == 1 + 2 * ((curve->bits + 7u) / 8) && key.p[0] == 4;
}

static bool key_read(struct cert_view *v)
{
	struct slice spki = v->spki, in, algorithm, oid, key;
	const struct oid_row *row;

	if (!der_take(&spki, DER_SEQUENCE, &in) || !der_take(&in, DER_SEQUENCE, &algorithm) ||
			!der_take(&algorithm, DER_OID, &oid) || !der_bits(&in, &key) || in.len > 0)
		return false;
	row = oid_find(key_kinds, COUNT(key_kinds), oid);
	v->key = row != NULL ? (enum cert_key)row->kind : CERT_KEY_UNKNOWN;
	if (v->key == CERT_KEY_RSA)
		return rsa_read(v, key);
	return v->key != CERT_KEY_EC || ec_read(v, algorithm, key);
}

static bool basic_read(struct cert_view *v, struct slice in)
{
	struct slice seq, flag, path;

	if (!der_take(&in, DER_SEQUENCE, &seq) || in.len > 0 || !der_maybe(&seq, DER_BOOLEAN, &flag))
		return false;
	if (flag.p != NULL && flag.len != 1)
		return false;
	v->ca = flag.p != NULL && flag.p[0] != 0;
	if (seq.len > 0) {
		if (!der_unsigned(&seq, &path) || seq.len > 0)
			return false;
		v->path_len = path.len == 0 ? 0 : path.len == 1 ? path.p[0] : UINT8_MAX;
	}
	return true;
}

static bool key_usage_read(struct cert_view *v, struct slice in)
{
	struct slice bits;

	if (!der_take(&in, DER_BITS, &bits) || in.len > 0 || bits.len < 2 || bits.p[0] > 7)
		return false;
	v->usage = (unsigned)bits.p[1] << 8 | (bits.len > 2 ? bits.p[2] : 0);
	return true;
}

static bool ext_usage_read(struct cert_view *v, struct slice in)
{
	struct slice seq, oid;

	if (!der_take(&in, DER_SEQUENCE, &seq) || in.len > 0 || seq.len == 0)
		return false;
	while (seq.len > 0) {
		if (!der_take(&seq, DER_OID, &oid))
			return false;
		v->for_server |= slice_eq(oid, slice_of(usage_server, sizeof usage_server));
		v->for_any |= slice_eq(oid, slice_of(usage_any, sizeof usage_any));
	}
	return true;
}

static bool names_read(struct cert_view *v, struct slice in)
{
	struct slice each, value;
	uint8_t tag;

	if (!der_take(&in, DER_SEQUENCE, &v->names) || in.len > 0)
		return false;
	for (each = v->names; each.len > 0;)
		if (!der_next(&each, &tag, &value, NULL))
			return false;
	return true;
}

static bool extension_read(struct cert_view *v, struct slice in)
{
	const struct oid_row *row;
	struct slice oid, critical, value;

	if (!der_take(&in, DER_OID, &oid) || !der_maybe(&in, DER_BOOLEAN, &critical) ||
			!der_take(&in, DER_OCTETS, &value) || in.len > 0)
		return false;
	row = oid_find(extensions, COUNT(extensions), oid);
	if (row == NULL)
		return true;
	if ((v->has & row->kind) != 0)
		return false;
	v->has |= row->kind;
	switch ((enum cert_ext)row->kind) {
	case CERT_EXT_BASIC:
		return basic_read(v, value);
	case CERT_EXT_KEY_USAGE:
		return key_usage_read(v, value);
	case CERT_EXT_NAMES:
		return names_read(v, value);
	case CERT_EXT_EXT_USAGE:
		return ext_usage_read(v, value);
	case CERT_EXT_SUBJECT_KEY:
		return der_take(&value, DER_OCTETS, &v->subject_key) && value.len == 0;
	case CERT_EXT_CONSTRAINTS:
	case CERT_EXT_AUTHORITY_KEY:
		break;
	}
	return true;
}

/* Everything behind the public key. */
static bool extensions_read(struct cert_view *v, struct slice tbs)
{
	struct slice unique, outer, list, one;

	if (!der_maybe(&tbs, DER_CONTEXT(1), &unique) || !der_maybe(&tbs, DER_CONTEXT(2), &unique) ||
			!der_maybe(&tbs, DER_CONSTRUCTED(3), &outer) || tbs.len > 0)
		return false;
	if (outer.p == NULL)
		return true;
	if (!der_take(&outer, DER_SEQUENCE, &list) || outer.len > 0)
		return false;
	while (list.len > 0)
		if (!der_take(&list, DER_SEQUENCE, &one) || !extension_read(v, one))
			return false;
	return true;
}

/* An element of this tag with its header. */
static bool take_whole(struct slice *rest, uint8_t want, struct slice *whole)
{
	struct slice content;
	uint8_t tag;

	return der_next(rest, &tag, &content, whole) && tag == want;
}

static bool tbs_read(struct cert_view *v, struct slice tbs, struct slice *algorithm)
{
	struct slice version, validity;

	return der_maybe(&tbs, DER_CONSTRUCTED(0), &version) &&
		der_take(&tbs, DER_INTEGER, &v->serial) &&
		take_whole(&tbs, DER_SEQUENCE, algorithm) &&
		take_whole(&tbs, DER_SEQUENCE, &v->issuer) &&
		der_take(&tbs, DER_SEQUENCE, &validity) && der_time(&validity, &v->not_before_s) &&
		der_time(&validity, &v->not_after_s) && validity.len == 0 &&
		take_whole(&tbs, DER_SEQUENCE, &v->subject) &&
		take_whole(&tbs, DER_SEQUENCE, &v->spki) && key_read(v) && extensions_read(v, tbs);
}

bool cert_parse(struct slice der, struct cert_view *v)
{
	struct slice rest = der, in, tbs, inner, outer, algorithm, oid, signature;
	const struct oid_row *row;

	memset(v, 0, sizeof *v);
	v->whole = der;
	v->path_len = -1;
	if (!der_take(&rest, DER_SEQUENCE, &in) || rest.len > 0 ||
			!der_take(&in, DER_SEQUENCE, &tbs) || !tbs_read(v, tbs, &inner) ||
			!take_whole(&in, DER_SEQUENCE, &outer) || !slice_eq(inner, outer) ||
			!der_bits(&in, &signature) || in.len > 0)
		return false;
	if (!der_take(&outer, DER_SEQUENCE, &algorithm) || !der_take(&algorithm, DER_OID, &oid))
		return false;
	row = oid_find(signatures, COUNT(signatures), oid);
	v->sig = row != NULL ? (enum cert_sig)row->kind : CERT_SIG_UNKNOWN;
	return true;
}
