/*
 * cert_own.c - the gateway's own authority and leaf, kept in the store.
 *
 * A short row of states, so that any call of the store may say E_AGAIN. Keys are written before
 * the certificates that need them: a power cut leaves at worst a key without certificate, and that
 * is used at the next start. Nothing that belongs to the authority is ever replaced, because every
 * device would have to be told; the leaf's parts are made anew when they are of no use.
 */
#include "io/cert.h"

#include <string.h>

#include "base/addr.h"
#include "base/log.h"
#include "io/cert_key.h"
#include "io/cert_own.h"
#include "io/cert_slots.h"

enum { DAY_S = 86400, WARN_DAYS = 60 };

static int complain(int result, const char *sentence)
{
	cert_own.why = sentence;
	return result;
}

/* ---- states: each gives the next one, or an error ---- */

static int ca_key(void)
{
	int r = own_object_read();

	if (r == E_NOENT)
		return OWN_CA_LOST;
	if (r < 0 && r != E_LIMIT)
		return r;
	if (r == E_OK && own_key_parse(&cert_own.ca))
		return OWN_CA_CERT;
	return complain(E_ARG, "the key of our authority under 'state' cannot be read: restore it, or "
		"remove the ca files to make a new authority");
}

static int ca_lost(void)
{
	int r = own_object_read();

	if (r == E_NOENT)
		return own_key_make(&cert_own.ca, OWN_CA_KEY_NEW);
	return r < 0 ? r : complain(E_ARG, "our authority under 'state' has lost its key: restore "
		"it, or remove the ca files to make a new authority");
}

static int ca_key_new(void)
{
	int r = own_object_write();

	return r == E_OK ? OWN_CA_CERT : r;
}

static int ca_cert(void)
{
	struct cert_view v;
	int r = own_object_read();

	if (r == E_NOENT)
		return own_authority_make();
	if (r < 0 && r != E_LIMIT)
		return r;
	cert_own.ca_len = own_text_block("CERTIFICATE", cert_own.ca_der, sizeof cert_own.ca_der);
	if (cert_own.ca_len == 0 || !cert_parse(slice_of(cert_own.ca_der, cert_own.ca_len), &v) ||
			!v.ca || !cert_key_fits(&cert_own.ca, &v))
		return complain(E_ARG, "the certificate of our authority under 'state' cannot be read: "
			"restore it, or remove the ca files to make a new authority");
	if (v.not_after_s - cert_own.now_s < (int64_t)WARN_DAYS * DAY_S)
		log_line(PORT_LOG_WARN, "certificates: our authority is near or past its end");
	return OWN_LEAF_KEY;
}

static int ca_cert_new(void)
{
	int r = own_object_write();

	return r == E_OK ? OWN_LEAF_KEY : r;
}

static int leaf_key(void)
{
	int r = own_object_read();

	if (r < 0 && r != E_NOENT && r != E_LIMIT)
		return r;
	return r == E_OK && own_key_parse(&cert_own.leaf) ? (int)OWN_LEAF_CERT :
		own_key_make(&cert_own.leaf, OWN_LEAF_KEY_NEW);
}

/* A leaf that cannot be stored serves nevertheless: the authority vouches for it. */
static int leaf_stored(int r, enum own_state next)
{
	if (r == E_AGAIN)
		return r;
	if (r < 0)
		cert_own.why = "our certificate could not be stored";
	return (int)next;
}

static int leaf_key_new(void)
{
	return leaf_stored(own_object_write(), OWN_LEAF_CERT);
}

static int leaf_cert(void)
{
	int r = own_object_read();

	if (r < 0 && r != E_NOENT && r != E_LIMIT)
		return r;
	cert_own.leaf_len = r != E_OK ? 0 :
		own_text_block("CERTIFICATE", cert_own.leaf_der, sizeof cert_own.leaf_der);
	return own_leaf_serves() ? (int)OWN_DONE : own_leaf_make();
}

static int leaf_cert_new(void)
{
	return leaf_stored(own_object_write(), OWN_DONE);
}

static int done(void)
{
	struct slice leaf = slice_of(cert_own.leaf_der, cert_own.leaf_len);
	int r = identity_put(cert_own.slot, &cert_own.leaf, leaf);

	if (r != E_OK)
		return r;
	if (cert_own.rsa || !cert_own.rsa_wanted)
		return OWN_IDLE;
	cert_own.rsa = true;
	return OWN_CA_KEY;
}

static int run(void)
{
	static int (*const step[OWN_STATE_COUNT])(void) = {
		[OWN_CA_KEY] = ca_key, [OWN_CA_LOST] = ca_lost, [OWN_CA_KEY_NEW] = ca_key_new,
		[OWN_CA_CERT] = ca_cert, [OWN_CA_CERT_NEW] = ca_cert_new, [OWN_LEAF_KEY] = leaf_key,
		[OWN_LEAF_KEY_NEW] = leaf_key_new, [OWN_LEAF_CERT] = leaf_cert,
		[OWN_LEAF_CERT_NEW] = leaf_cert_new, [OWN_DONE] = done,
	};

	while (cert_own.state != OWN_IDLE) {
		int r = step[cert_own.state]();

		if (r < 0) {
			if (r != E_AGAIN)
				log_line(PORT_LOG_WARN, "certificates: failed while %s: %s",
					own_state_name[cert_own.state], error_text(r));
			return r;
		}
		cert_own.state = (enum own_state)r;
	}
	return E_OK;
}

/* ---- beginning and end ---- */

static void names_take(const struct cert_names *want)
{
	const char *host = want->hostname != NULL ? want->hostname : "";
	uint8_t *to = cert_own.names;
	size_t cap = sizeof cert_own.names, *len = &cert_own.names_len;

	if (host[0] != '\0' && cert_name_add(to, cap, len, host) == E_OK &&
			strlen(host) <= OWN_TITLE_MAX)
		memcpy(cert_own.title, host, strlen(host) + 1);
	else
		memcpy(cert_own.title, "Mailwicket gateway", 19);
	for (unsigned i = 0; i < want->name_count; i++)
		if (cert_name_add(to, cap, len, want->names[i]) != E_OK)
			log_line(PORT_LOG_WARN, "certificates: a name is not fit for a certificate: %s",
				want->names[i]);
	for (unsigned i = 0; i < want->addr_count; i++) {
		const struct port_addr *a = &want->addrs[i];
		bool stable = addr_is_v4(a) || (addr_is_private(a) && a->ip[0] != 0xfe);

		if (stable)
			(void)cert_address_add(to, cap, len, a);
	}
	if (*len == 0)
		(void)cert_name_add(to, cap, len, "localhost");
}

static bool same_leaf(const struct identity_leaf *a, const struct identity_leaf *b)
{
	return a->chain_len == b->chain_len && (a->chain_len == 0 || slice_eq(
		slice_of(a->chain[0].data, a->chain[0].data_len),
		slice_of(b->chain[0].data, b->chain[0].data_len)));
}

static int finish(struct identity_source *s, int r, const char **why)
{
	struct identity *made = cert_own.slot;
	bool same = s->now != NULL && same_leaf(&s->now->ec, &made->ec) &&
		same_leaf(&s->now->rsa, &made->rsa);

	*why = cert_own.why;
	if (r < 0 && *why == NULL)
		*why = "our own certificate could not be read or made";
	if (r < 0 || same)
		identity_slot_drop(made);
	else
		identity_source_swap(s, made);
	identity_own_reset();
	if (s->now != NULL)
		return identity_source_number(s);
	identity_source_give_up(s);
	return r;
}

int identity_own(const struct cert_names *names, bool rsa, port_owner owner, const char **why)
{
	struct identity_source *s = identity_source_of("", "");
	int r;

	*why = NULL;
	if (s != NULL && cert_own.state == OWN_IDLE)
		cert_own.slot = identity_slot_take();
	if (s == NULL || cert_own.slot == NULL) {
		*why = "too many certificates are in use";
		if (s != NULL && s->now != NULL)
			return identity_source_number(s);
		if (s != NULL)
			identity_source_give_up(s);
		return E_NOSLOT;
	}
	if (cert_own.state == OWN_IDLE) {
		cert_own.owner = owner;
		cert_own.rsa_wanted = rsa;
		(void)port_time(&cert_own.now_s);
		names_take(names);
		cert_own.state = OWN_CA_KEY;
	}
	r = run();
	return r == E_AGAIN ? r : finish(s, r, why);
}

int identity_authority(bool rsa, port_owner owner, char *out, size_t cap)
{
	struct port_object *o;
	uint64_t size, at = 0;
	int r = port_store_open(PORT_STATE, rsa ? "ca-rsa.crt" : "ca.crt", owner, &o, &size);

	if (r != E_OK)
		return r;
	r = size > cap ? E_LIMIT : E_OK;
	while (r == E_OK && at < size) {
		int n = port_store_read(o, at, out + at, (size_t)(size - at));

		if (n > 0)
			at += (uint64_t)n;
		else
			r = n < 0 ? n : E_IO;
	}
	port_store_drop(o);
	return r == E_OK ? (int)size : r;
}

void identity_own_reset(void)
{
	mem_wipe(&cert_own, sizeof cert_own);
}
