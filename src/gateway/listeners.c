/*
 * listeners.c - one slot an address and port; sections with several addresses share the count of
 * their first slot. Admission is decided here, before anything is said.
 */
#include "gateway/listeners.h"

#include <string.h>

#include "base/addr.h"
#include "base/log.h"
#include "board.h"
#include "gateway/certificates.h"
#include "gateway/imapproxy.h"
#include "gateway/limits.h"
#include "gateway/popproxy.h"
#include "gateway/relay.h"

enum { ACCEPT_BATCH = 32 };

struct listener {
	bool used, wanted;
	struct port_listener *net;
	struct port_addr at;
	const struct session_type *type;
	struct session_policy policy; /* as copied into sessions */
	uint16_t max_connections, max_per_client;
	uint16_t live;                /* sessions, counted in the first slot of the section */
};

static struct listener slots[BOARD_LISTENERS];

static const struct session_type *const types[CFG_protocol_COUNT] = {
	[CFG_PROTOCOL_SMTP] = &relay_session_type, [CFG_PROTOCOL_IMAP] = &imap_session_type,
	[CFG_PROTOCOL_POP3] = &pop3_session_type,
};

static const uint16_t tls_versions[CFG_tls_min_COUNT] = {
	[CFG_TLS_MIN_1_0] = TLS_1_0, [CFG_TLS_MIN_1_1] = TLS_1_1, [CFG_TLS_MIN_1_2] = TLS_1_2,
};

static int slot_find(const struct port_addr *at)
{
	for (int i = 0; i < BOARD_LISTENERS; i++)
		if (slots[i].used && addr_same(&slots[i].at, at, true))
			return i;
	return E_NOENT;
}

static int slot_free(void)
{
	for (int i = 0; i < BOARD_LISTENERS; i++)
		if (!slots[i].used)
			return i;
	return E_NOSLOT;
}

/* The first slot of a section, where its sessions are counted. */
static uint16_t section_slot(const char *name, uint16_t own)
{
	for (uint16_t i = 0; i < BOARD_LISTENERS; i++)
		if (slots[i].used && slots[i].wanted && strcmp(slots[i].policy.name, name) == 0)
			return i;
	return own;
}

static int policy_fill(struct session_policy *p, const struct settings *s,
	const struct cfg_listener *l, struct fmt *why)
{
	struct fmt name = fmt_on(p->name, sizeof p->name);
	int identity = 0;

	fmt_str(&name, settings_text(s, l->head.name));
	fmt_cstr(&name);
	if (l->tls != CFG_LISTENER_TLS_OFF)
		identity = certificates_identity(s, l, why);
	if (identity < 0)
		return identity;
	p->identity = (uint8_t)identity;
	p->tls = l->tls;
	p->auth = l->auth;
	p->plain_auth = l->plain_auth != 0;
	p->eol_reject = l->legacy_eol == CFG_LEGACY_EOL_REJECT;
	p->proxy = l->proxy_protocol != 0;
	p->tls_min = tls_versions[l->tls_min];
	return E_OK;
}

static int bind_at(const struct port_addr *at, const struct cfg_listener *l,
	const struct session_policy *policy)
{
	int i = slot_find(at), e;
	struct listener *slot;

	if (i < 0) {
		i = slot_free();
		if (i < 0)
			return i;
		e = port_listen(at, owner_of(OWNER_LISTENER, (uint16_t)i), &slots[i].net);
		if (e != E_OK)
			return e;
		slots[i].used = true;
		slots[i].live = 0;
		slots[i].at = *at;
		due_mark(owner_of(OWNER_LISTENER, (uint16_t)i));
	}
	slot = &slots[i];
	slot->policy = *policy;
	slot->policy.listener = section_slot(policy->name, (uint16_t)i);
	slot->wanted = true;
	slot->type = types[l->protocol];
	slot->max_connections = (uint16_t)l->max_connections;
	slot->max_per_client = (uint16_t)l->max_per_client;
	return E_OK;
}

static int bind_failed(struct fmt *why, const struct port_addr *at, const char *name, int e)
{
	fmt_printf(why, "listener '%s' cannot listen at ", name);
	addr_put_port(why, at);
	fmt_printf(why, ": %s", e == E_INUSE ? "the address is in use by another program" :
		e == E_ACCESS ? "ports below 1024 need root rights at the start" :
		e == E_NOENT ? "this is not an address of this machine" : error_text(e));
	return e;
}

/* All addresses of one family; a machine without the family is no error when another is bound. */
static int bind_any(const struct cfg_listener *l, const struct session_policy *policy,
	struct fmt *why)
{
	struct port_addr v6 = { { 0 }, l->port, 0 };
	struct port_addr v4 = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, l->port, 0 };
	int e = bind_at(&v4, l, policy), e6;

	if (e != E_OK)
		return bind_failed(why, &v4, policy->name, e);
	e6 = bind_at(&v6, l, policy);
	if (e6 != E_OK && e6 != E_NOENT)
		return bind_failed(why, &v6, policy->name, e6);
	return E_OK;
}

static int bind_section(const struct settings *s, const struct cfg_listener *l, struct fmt *why)
{
	struct session_policy policy = { 0 };
	int e = policy_fill(&policy, s, l, why);

	if (e != E_OK)
		return e;
	if (types[l->protocol] == NULL)
		return E_OK;
	if (l->address.count == 0)
		return bind_any(l, &policy, why);
	for (unsigned i = 0; i < l->address.count; i++) {
		struct port_addr at = { { 0 }, l->port, 0 };

		memcpy(at.ip, settings_item(s, l->address, i)->net.ip, 16);
		e = bind_at(&at, l, &policy);
		if (e != E_OK)
			return bind_failed(why, &at, policy.name, e);
	}
	return E_OK;
}

int listeners_open(struct fmt *why)
{
	const struct settings *s = settings_running();
	int e = E_OK;

	for (int i = 0; i < BOARD_LISTENERS; i++)
		slots[i].wanted = false;
	for (unsigned i = 0; i < s->listener_count && e == E_OK; i++)
		e = bind_section(s, &s->listener[i], why);
	for (int i = 0; i < BOARD_LISTENERS; i++) {
		if (!slots[i].used || slots[i].wanted || e != E_OK)
			continue;
		port_unlisten(slots[i].net);
		slots[i].used = false;
		slots[i].net = NULL;
	}
	return e;
}

static const struct cfg_listener *section(const struct settings *s, const char *name)
{
	for (unsigned i = 0; i < s->listener_count; i++)
		if (strcmp(settings_text(s, s->listener[i].head.name), name) == 0)
			return &s->listener[i];
	return NULL;
}

bool listeners_admit(const struct session_policy *policy, const struct port_addr *client)
{
	const struct settings *s = settings_running();
	const struct cfg_listener *l = section(s, policy->name);

	return l != NULL && settings_allows(s, l, client->ip);
}

bool listeners_count_client(struct session *s)
{
	unsigned max = slots[s->policy.listener].max_per_client;

	s->counted = limits_client_enter(&s->peer, max) == E_OK;
	return s->counted;
}

/* Whether the address of the connection itself may talk to the listener at all. */
static bool may_connect(const struct listener *l, const struct port_addr *peer)
{
	const struct settings *s = settings_running();
	const struct cfg_listener *cfg = section(s, l->policy.name);

	if (cfg == NULL)
		return false;
	if (l->policy.proxy)
		return settings_list_has(s, cfg->proxy_from, peer->ip);
	return settings_allows(s, cfg, peer->ip);
}

/* Says a constant line, where that can be said in clear, and closes. */
static void refuse(struct port_tcp *net, const struct listener *l, const char *text)
{
	if (text != NULL && l->policy.tls != CFG_LISTENER_TLS_IMPLICIT && !l->policy.proxy)
		port_write(net, text, strlen(text));
	port_close(net);
}

/* Fills the session's slot; the text of the refusal, or NULL when the session has begun. */
static const char *admit(struct session *s, struct listener *l, const char **why)
{
	session_begin(s);
	s->type = l->type;
	s->policy = l->policy;
	*why = "address not allowed";
	if (!may_connect(l, &s->peer))
		return l->type->denied;
	*why = "too many connections of one client";
	if (!l->policy.proxy && !listeners_count_client(s))
		return l->type->full_client;
	*why = "no memory for another session";
	if (s->type->start(s) == E_OK)
		return NULL;
	if (s->counted)
		limits_client_leave(&s->peer);
	return l->type->full;
}

static void refuse_logged(struct port_tcp *net, const struct listener *l,
	const struct port_addr *peer, const char *text, const char *why)
{
	char where[ADDR_TEXT_MAX];
	struct fmt f = fmt_on(where, sizeof where);

	addr_put(&f, peer);
	log_line(PORT_LOG_WARN, "listener %s: refused %s: %s", l->policy.name, fmt_cstr(&f), why);
	refuse(net, l, text);
}

/* Slot first, then accept with its owner, or the first edges are lost. */
static int accept_one(struct listener *l)
{
	struct listener *first = &slots[l->policy.listener];
	struct session *s = first->live < l->max_connections ? session_new() : NULL;
	struct port_addr peer;
	struct port_tcp *net;
	const char *text = l->type->full, *why = "all sessions in use";
	int e = port_accept(l->net, s != NULL ? session_owner(s) : PORT_OWNER_NONE, &net, &peer);

	if (e == E_OK && s != NULL) {
		s->peer = peer;
		chan_open(&s->down, net, session_owner(s));
		text = admit(s, l, &why);
		if (text == NULL) {
			first->live++;
			due_mark(session_owner(s));
			return E_OK;
		}
	}
	if (s != NULL)
		session_drop(s);
	if (e == E_OK)
		refuse_logged(net, l, &peer, text, why);
	return e;
}

void listeners_accept(uint16_t index)
{
	struct listener *l = &slots[index];
	int e = E_OK;

	if (!l->used)
		return;
	for (int i = 0; i < ACCEPT_BATCH && e == E_OK; i++)
		e = accept_one(l);
	if (e == E_OK) /* after E_NOSLOT the port reports the listener when there is room */
		due_mark(owner_of(OWNER_LISTENER, index));
}

void listeners_release(const struct session_policy *policy)
{
	struct listener *l = &slots[policy->listener];

	if (l->live > 0)
		l->live--;
}

bool listeners_is_own(const struct port_addr *a)
{
	struct port_addr own[32];
	int n = -1;

	for (int i = 0; i < BOARD_LISTENERS; i++) {
		const struct port_addr *at = &slots[i].at;

		if (!slots[i].used || at->port != a->port)
			continue;
		if (addr_same(at, a, true))
			return true;
		if (!addr_is_any(at) || addr_is_v4(at) != addr_is_v4(a))
			continue;
		if (addr_is_loopback(a))
			return true;
		if (n < 0)
			n = port_own_addresses(own, 32);
		for (int k = 0; k < n; k++)
			if (addr_same(&own[k], a, false))
				return true;
	}
	return false;
}

void listeners_close(void)
{
	for (int i = 0; i < BOARD_LISTENERS; i++) {
		if (slots[i].used)
			port_unlisten(slots[i].net);
		slots[i].used = false;
	}
}

int listeners_show(unsigned from, struct fmt *out)
{
	for (unsigned i = from; i < BOARD_LISTENERS; i++) {
		if (!slots[i].used)
			continue;
		fmt_printf(out, "%s ", slots[i].type->name);
		addr_put_port(out, &slots[i].at);
		fmt_printf(out, " %s", slots[i].policy.name);
		return (int)i;
	}
	return E_NOENT;
}

void listeners_reset(void)
{
	memset(slots, 0, sizeof slots);
}
