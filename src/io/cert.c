/*
 * cert.c - identities: numbers, the slots behind them, holds, facts.
 *
 * A slot is filled while nobody sees it, swapped in, and wiped when it is neither current nor
 * held. So a handshake sees one chain and one key from its beginning to its end.
 */
#include "io/cert.h"

#include <string.h>

#include "base/crypto.h"
#include "base/fmt.h"
#include "io/cert_der.h"
#include "io/cert_slots.h"
#include "io/cert_view.h"

enum { DAY_S = 86400 };

static struct {
	struct identity slot[BOARD_LEAVES];
	struct identity_source source[BOARD_LEAVES];
	uint8_t count;
} certs;

/* ---- slots ---- */

struct identity_source *identity_source_at(uint8_t number)
{
	return number < BOARD_LEAVES && certs.source[number].taken ? &certs.source[number] : NULL;
}

struct identity *identity_slot_take(void)
{
	for (unsigned i = 0; i < BOARD_LEAVES; i++)
		if (!certs.slot[i].used) {
			certs.slot[i].used = true;
			return &certs.slot[i];
		}
	return NULL;
}

void identity_slot_drop(struct identity *id)
{
	mem_wipe(id, sizeof *id);
}

/* Whether a slot stands behind an identity. */
static bool is_current(const struct identity *id)
{
	for (unsigned i = 0; i < BOARD_LEAVES; i++)
		if (certs.source[i].taken && certs.source[i].now == id)
			return true;
	return false;
}

static void drop_if_idle(struct identity *id)
{
	if (id != NULL && id->holds == 0 && !is_current(id))
		identity_slot_drop(id);
}

struct identity_source *identity_source_of(const char *cert, const char *key)
{
	struct identity_source *s = NULL;

	for (int i = BOARD_LEAVES - 1; i >= 0; i--) {
		struct identity_source *each = &certs.source[i];

		if (!each->taken) {
			s = s != NULL && s->taken ? s : each;
		} else if (strcmp(each->cert, cert) == 0 && strcmp(each->key, key) == 0) {
			s = each;
		}
	}
	if (s == NULL)
		return NULL;
	if (!s->taken) {
		memset(s, 0, sizeof *s);
		s->taken = true;
		s->own = cert[0] == '\0';
		memcpy(s->cert, cert, strlen(cert) + 1);
		memcpy(s->key, key, strlen(key) + 1);
		if (identity_source_number(s) >= certs.count)
			certs.count = (uint8_t)(identity_source_number(s) + 1);
	}
	s->named = true;
	return s;
}

uint8_t identity_source_number(const struct identity_source *s)
{
	return (uint8_t)(s - certs.source);
}

void identity_source_swap(struct identity_source *s, struct identity *id)
{
	struct identity *old = s->now;

	s->now = id;
	drop_if_idle(old);
}

void identity_source_give_up(struct identity_source *s)
{
	if (s->now == NULL)
		s->taken = false;
}

void identity_key_copy(struct identity_leaf *to, const struct identity_leaf *from)
{
	memset(to, 0, sizeof *to);
	to->key_type = from->key_type;
	to->key = from->key;
	memcpy(to->bytes, from->bytes, sizeof to->bytes);
	if (to->key_type == BR_KEYTYPE_EC) {
		to->key.ec.x = to->bytes + (from->key.ec.x - from->bytes);
		return;
	}
	to->key.rsa.p = to->bytes + (from->key.rsa.p - from->bytes);
	to->key.rsa.q = to->bytes + (from->key.rsa.q - from->bytes);
	to->key.rsa.dp = to->bytes + (from->key.rsa.dp - from->bytes);
	to->key.rsa.dq = to->bytes + (from->key.rsa.dq - from->bytes);
	to->key.rsa.iq = to->bytes + (from->key.rsa.iq - from->bytes);
}

int identity_put(struct identity *id, const struct identity_leaf *key, struct slice cert)
{
	struct identity_leaf *l = key->key_type == BR_KEYTYPE_EC ? &id->ec : &id->rsa;

	if (cert.len > sizeof id->der - id->der_len)
		return E_LIMIT;
	identity_key_copy(l, key);
	memcpy(id->der + id->der_len, cert.p, cert.len);
	l->chain[0].data = id->der + id->der_len;
	l->chain[0].data_len = cert.len;
	l->chain_len = 1;
	l->issuer_key_type = key->key_type;
	id->der_len = (uint16_t)(id->der_len + cert.len);
	return E_OK;
}

/* ---- holds ---- */

const struct identity *identity_get(uint8_t number)
{
	const struct identity_source *s = identity_source_at(number);

	return s != NULL ? s->now : NULL;
}

const struct identity *identity_hold(uint8_t number)
{
	const struct identity_source *s = identity_source_at(number);

	if (s == NULL || s->now == NULL || s->now->holds == UINT16_MAX)
		return NULL;
	s->now->holds++;
	return s->now;
}

void identity_release(const struct identity *id)
{
	struct identity *slot = &certs.slot[id - certs.slot];

	if (slot->holds == 0)
		port_panic(__FILE__, __LINE__, "an identity was released too often");
	slot->holds--;
	drop_if_idle(slot);
}

void identity_sweep(void)
{
	for (unsigned i = 0; i < BOARD_LEAVES; i++) {
		struct identity_source *s = &certs.source[i];

		if (s->taken && !s->named) {
			identity_source_swap(s, NULL);
			s->taken = false;
		}
		s->named = false;
	}
}

uint8_t identity_count(void)
{
	return certs.count;
}

void identity_reset(void)
{
	mem_wipe(&certs, sizeof certs);
	identity_own_reset();
}

/* ---- facts ---- */

int identity_facts(uint8_t number, bool rsa, struct cert_facts *out)
{
	const struct identity_source *s = identity_source_at(number);
	const struct identity_leaf *l;
	struct cert_view v;
	struct fmt f;
	int64_t now_s = 0;

	if (s == NULL || s->now == NULL)
		return E_NOENT;
	l = rsa ? &s->now->rsa : &s->now->ec;
	if (l->chain_len == 0 || !cert_parse(slice_of(l->chain[0].data, l->chain[0].data_len), &v))
		return E_NOENT;
	memset(out, 0, sizeof *out);
	(void)port_time(&now_s);
	cert_title(v.subject, out->subject, sizeof out->subject);
	cert_title(v.issuer, out->issuer, sizeof out->issuer);
	f = fmt_on(out->names, sizeof out->names - 1);
	cert_names_put(&f, v.names);
	fmt_cstr(&f);
	out->origin = s->own ? "own" : s->cert;
	out->not_after_s = v.not_after_s;
	out->days_left = (int32_t)((v.not_after_s - now_s) / DAY_S);
	if (v.not_after_s < now_s && out->days_left == 0)
		out->days_left = -1;
	crypto_sha256(v.whole.p, v.whole.len, out->fingerprint);
	out->rsa = rsa;
	return E_OK;
}
