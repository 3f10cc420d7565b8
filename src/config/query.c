/*
 * query.c - what sessions ask of a configuration: who is this user, whose domain, may this address.
 */
#include <string.h>

#include "base/addr.h"
#include "base/crypto.h"
#include "config/settings.h"
#include "config/table.h"

const struct cfg_account *settings_account(const struct settings *s, const char *name)
{
	for (unsigned i = 0; i < s->account_count && name[0] != '\0'; i++)
		if (strcmp(settings_text(s, s->account[i].head.name), name) == 0)
			return &s->account[i];
	return NULL;
}

const struct cfg_account *settings_account_of_domain(const struct settings *s, struct slice login)
{
	size_t at = login.len;
	struct slice domain;

	while (at > 0 && login.p[at - 1] != '@')
		at--;
	domain = slice_from(login, at);
	if (at < 2 || domain.len == 0)
		return NULL;
	for (unsigned i = 0; i < s->account_count; i++) {
		const struct cfg_account *a = &s->account[i];

		for (unsigned j = 0; a->login == CFG_LOGIN_CLIENT && j < a->domain.count; j++)
			if (slice_eq_nocase(domain, settings_slice(s, settings_item(s, a->domain, j)->text)))
				return a;
	}
	return NULL;
}

const char *settings_user_name(const struct settings *s, const struct cfg_user *user)
{
	return settings_text(s, user->name != 0 ? user->name : user->head.name);
}

const struct cfg_user *settings_user(const struct settings *s, struct slice login)
{
	for (unsigned i = 0; i < s->user_count && login.len > 0; i++)
		if (slice_is(login, settings_user_name(s, &s->user[i])))
			return &s->user[i];
	return NULL;
}

bool settings_user_hashed(const struct settings *s, const struct cfg_user *user)
{
	const char *password = settings_text(s, user->password);

	return user->password_file == 0 && crypto_verifier_is(password, strlen(password));
}

/* ---- addresses ---- */

static struct addr_prefix prefix(const struct cfg_net *net)
{
	struct addr_prefix p = { { 0 }, net->bits };

	memcpy(p.ip, net->ip, 16);
	return p;
}

static struct port_addr whole(const uint8_t ip[16])
{
	struct port_addr a = { { 0 }, 0, 0 };

	memcpy(a.ip, ip, 16);
	return a;
}

bool cfg_net_has(const struct cfg_net *net, const uint8_t ip[16])
{
	struct addr_prefix p = prefix(net);
	struct port_addr a = whole(ip);

	return addr_in(&a, &p);
}

bool settings_list_has(const struct settings *s, struct cfg_list list, const uint8_t ip[16])
{
	for (unsigned i = 0; i < list.count; i++)
		if (cfg_net_has(&settings_item(s, list, i)->net, ip))
			return true;
	return false;
}

bool cfg_ip_is_local(const uint8_t ip[16])
{
	struct port_addr a = whole(ip);

	return addr_is_private(&a);
}

bool settings_allows(const struct settings *s, const struct cfg_listener *l, const uint8_t ip[16])
{
	return l->allow.count > 0 ? settings_list_has(s, l->allow, ip) : cfg_ip_is_local(ip);
}

int cfg_ip_parse(struct slice text, uint8_t ip[16])
{
	struct port_addr a;

	if (text.len == 0 || text.p[0] == '[' || addr_parse(text, &a) != E_OK || a.zone != 0)
		return E_ARG;
	memcpy(ip, a.ip, 16);
	return E_OK;
}
