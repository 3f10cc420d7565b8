/*
 * validate_access.c - listeners: who may connect, who may send, and that no configuration makes an
 * open relay (DECISIONS 11, 14). `allow` says who may connect; where it reaches beyond the owner's
 * networks only a password that cannot be overheard lets anybody send.
 */
#include <string.h>

#include "base/addr.h"
#include "config/store.h"
#include "config/value.h"

enum { OWN_MAX = 32 };

static struct addr_prefix prefix_of(const struct cfg_net *net)
{
	struct addr_prefix p = { { 0 }, net->bits };

	memcpy(p.ip, net->ip, 16);
	return p;
}

/* The LAN's own IPv6 prefix: at least a /64, with one of our addresses in it. */
static bool net_is_own(const struct addr_prefix *p)
{
	struct port_addr own[OWN_MAX];
	int n = p->bits >= 64 ? port_own_addresses(own, OWN_MAX) : 0;

	for (int i = 0; i < n; i++)
		if (!addr_is_v4(&own[i]) && !addr_is_any(&own[i]) && addr_in(&own[i], p))
			return true;
	return false;
}

/* The first element of `allow` that reaches beyond the owner's networks, or -1. */
static int beyond(const struct settings *s, const struct cfg_listener *l)
{
	for (unsigned i = 0; i < l->allow.count; i++) {
		struct addr_prefix p = prefix_of(&settings_item(s, l->allow, i)->net);

		if (!addr_prefix_is_private(&p) && !net_is_own(&p))
			return (int)i;
	}
	return -1;
}

/* Mailboxes are never read without signing in. */
static bool is_mailbox(const struct cfg_listener *l)
{
	return l->protocol == CFG_PROTOCOL_IMAP || l->protocol == CFG_PROTOCOL_POP3;
}

static int public_check(const struct settings *s, unsigned i, struct fault *f)
{
	const struct cfg_listener *l = &s->listener[i];
	int at = beyond(s, l);
	bool sealed = l->tls == CFG_LISTENER_TLS_REQUIRED || l->tls == CFG_LISTENER_TLS_IMPLICIT;
	const char *net;

	if (at < 0)
		return E_OK;
	net = settings_text(s, settings_item(s, l->allow, (unsigned)at)->text);
	if (l->auth != CFG_LISTENER_AUTH_REQUIRED && !is_mailbox(l))
		fault_at(s, f, SECTION_listener, i, PLACE_listener_allow,
			"allow '%s' reaches beyond private networks, so auth must be 'required'", net);
	else if (!sealed && l->plain_auth != 0)
		fault_at(s, f, SECTION_listener, i, PLACE_listener_allow,
			"allow '%s' reaches beyond private networks, so tls must be 'required' or 'implicit', "
			"or plain_auth '0'", net);
	else
		return E_OK;
	f->element = (unsigned)at;
	return E_ARG;
}

/* Whoever may send the PROXY header says who the client is. */
static int proxy_check(const struct settings *s, unsigned i, struct fault *f)
{
	const struct cfg_listener *l = &s->listener[i];

	if (l->proxy_protocol == 1 && l->proxy_from.count == 0)
		return fault_at(s, f, SECTION_listener, i, PLACE_listener_proxy_protocol,
			"proxy_protocol '1' needs proxy_from: the addresses of the proxies");
	for (unsigned j = 0; l->proxy_protocol == 1 && j < l->proxy_from.count; j++) {
		const struct cfg_item *item = settings_item(s, l->proxy_from, j);
		struct addr_prefix p = prefix_of(&item->net);

		if (p.bits == 128 || addr_prefix_is_private(&p) || net_is_own(&p))
			continue;
		fault_at(s, f, SECTION_listener, i, PLACE_listener_proxy_from,
			"proxy_from '%s' lets strangers say who they are; name single addresses",
			settings_text(s, item->text));
		f->element = j;
		return E_ARG;
	}
	return E_OK;
}

static int certificate_check(const struct settings *s, unsigned i, struct fault *f)
{
	const struct cfg_listener *l = &s->listener[i];
	bool certificate = l->certificate != 0, key = l->key != 0;

	if (certificate != key)
		return fault_at(s, f, SECTION_listener, i,
			certificate ? PLACE_listener_certificate : PLACE_listener_key, "%s needs %s, too",
			certificate ? "certificate" : "key", certificate ? "key" : "certificate");
	return E_OK;
}

static int words_check(const struct settings *s, unsigned i, struct fault *f)
{
	const struct cfg_listener *l = &s->listener[i];

	if (l->metrics == 1 && l->protocol != CFG_PROTOCOL_HTTP)
		return fault_at(s, f, SECTION_listener, i, PLACE_listener_metrics,
			"metrics are served by protocol 'http' only");
	if (l->auth == CFG_LISTENER_AUTH_NONE && is_mailbox(l))
		return fault_at(s, f, SECTION_listener, i, PLACE_listener_auth,
			"mailboxes are not read without a login; leave auth away, or set it to 'required'");
	if ((l->tls == CFG_LISTENER_TLS_STARTTLS || l->tls == CFG_LISTENER_TLS_REQUIRED) &&
			l->protocol == CFG_PROTOCOL_HTTP)
		return fault_at(s, f, SECTION_listener, i, PLACE_listener_tls,
			"protocol 'http' knows no STARTTLS; tls is off or implicit");
	return E_OK;
}

static bool same_place(const struct settings *s, const struct cfg_listener *a,
	const struct cfg_listener *b)
{
	if (a->port != b->port)
		return false;
	if (a->address.count == 0 || b->address.count == 0)
		return true;
	for (unsigned i = 0; i < a->address.count; i++)
		for (unsigned j = 0; j < b->address.count; j++)
			if (memcmp(settings_item(s, a->address, i)->net.ip,
					settings_item(s, b->address, j)->net.ip, 16) == 0)
				return true;
	return false;
}

static int place_check(const struct settings *s, unsigned i, struct fault *f)
{
	const struct cfg_listener *l = &s->listener[i];
	bool given = value_given(setting_at(SECTION_listener, PLACE_listener_port), &l->head);

	for (unsigned j = 0; j < i; j++)
		if (same_place(s, l, &s->listener[j]))
			return fault_at(s, f, SECTION_listener, i, given ? PLACE_listener_port : -1,
				"port %u is taken at the same address by listener '%s'", (unsigned)l->port,
				settings_text(s, s->listener[j].head.name));
	return E_OK;
}

/* Who signs in to a `client` account may be anybody who has a mailbox there. Through a listener
 * that strangers reach, a route would carry their mail by an account of ours: only one that names
 * local clients may. */
static int strangers_check(const struct settings *s, struct fault *f)
{
	const struct cfg_account *client = NULL;
	int listener = -1;

	for (unsigned i = 0; i < s->account_count && client == NULL; i++)
		client = s->account[i].login == CFG_LOGIN_CLIENT ? &s->account[i] : NULL;
	for (unsigned i = 0; i < s->listener_count && listener < 0; i++)
		listener = !is_mailbox(&s->listener[i]) && beyond(s, &s->listener[i]) >= 0 ? (int)i : -1;
	for (unsigned i = 0; i < s->route_count && client != NULL && listener >= 0; i++) {
		const struct cfg_route *r = &s->route[i];
		struct addr_prefix p = prefix_of(&r->client);

		if (r->action == CFG_ACTION_REJECT)
			continue;
		if (value_given(setting_at(SECTION_route, PLACE_route_client), &r->head) &&
				(addr_prefix_is_private(&p) || net_is_own(&p)))
			continue;
		return fault_at(s, f, SECTION_route, i, PLACE_route_account,
			"strangers at listener '%s' who sign in to account '%s' could send by account '%s'; "
			"give the route a local client",
			settings_text(s, s->listener[listener].head.name), settings_text(s, client->head.name),
			settings_text(s, r->account));
	}
	return E_OK;
}

int validate_access(const struct settings *s, struct fault *f)
{
	static int (*const checks[])(const struct settings *, unsigned, struct fault *) = {
		certificate_check, words_check, public_check, proxy_check, place_check,
	};

	for (unsigned i = 0; i < s->listener_count; i++)
		for (size_t c = 0; c < sizeof checks / sizeof checks[0]; c++)
			if (checks[c](s, i, f) != E_OK)
				return E_ARG;
	return strangers_check(s, f);
}
