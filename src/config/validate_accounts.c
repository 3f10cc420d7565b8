/*
 * validate_accounts.c - accounts: a server, credentials that fit how to sign in, and no credential
 * that could leave in clear (DECISIONS 13, 26). And what is valid but surely not meant: the
 * warnings.
 */
#include <string.h>

#include "base/addr.h"
#include "config/store.h"
#include "config/value.h"
#include "io/tls.h"

static int server_check(const struct settings *s, unsigned i, unsigned place, text_ref host,
	uint8_t tls, struct fault *f)
{
	const char *name = settings_text(s, host);
	struct port_addr a;

	if (tls != CFG_TLS_OFF)
		return E_OK;
	if (!value_given(setting_at(SECTION_account, place), &s->account[i].head))
		return fault_at(s, f, SECTION_account, i, (int)place + 2,
			"%s 'off' is for servers in local networks only, so %s must name one",
			setting_at(SECTION_account, place + 2)->name, setting_at(SECTION_account, place)->name);
	if (addr_parse(slice_str(name), &a) == E_OK && !addr_is_private(&a))
		return fault_at(s, f, SECTION_account, i, (int)place + 2,
			"%s 'off' is for servers in local networks only, which %s is not",
			setting_at(SECTION_account, place + 2)->name, name);
	return E_OK;
}

static int servers_check(const struct settings *s, unsigned i, struct fault *f)
{
	const struct cfg_account *a = &s->account[i];
	int e = server_check(s, i, PLACE_account_smtp_host, a->smtp_host, a->smtp_tls, f);

	if (e == E_OK)
		e = server_check(s, i, PLACE_account_imap_host, a->imap_host, a->imap_tls, f);
	if (e == E_OK)
		e = server_check(s, i, PLACE_account_pop3_host, a->pop3_host, a->pop3_tls, f);
	if (e == E_OK && a->smtp_host == 0 && a->imap_host == 0 && a->pop3_host == 0)
		e = fault_at(s, f, SECTION_account, i, -1,
			"no server: give a provider, or smtp_host for one of its own");
	return e;
}

static bool has(const struct cfg_account *a, unsigned place)
{
	return value_given(setting_at(SECTION_account, place), &a->head);
}

static bool has_password(const struct cfg_account *a)
{
	return has(a, PLACE_account_password) || has(a, PLACE_account_password_file);
}

/* The clients bring credentials of their own. */
static int client_check(const struct settings *s, unsigned i, struct fault *f)
{
	const struct cfg_account *a = &s->account[i];

	if (a->auth == CFG_AUTH_NONE)
		return fault_at(s, f, SECTION_account, i, PLACE_account_auth,
			"login 'client' with auth 'none' would let anybody send");
	if (a->auth == CFG_AUTH_CRAM_MD5 || a->auth == CFG_AUTH_SCRAM || a->auth == CFG_AUTH_OAUTH2)
		return fault_at(s, f, SECTION_account, i, PLACE_account_auth,
			"login 'client' passes passwords on; auth is auto, plain or login");
	if (a->domain.count == 0)
		return fault_at(s, f, SECTION_account, i, PLACE_account_login,
			"login 'client' needs at least one domain, by which logins find the account");
	if (a->delivery == CFG_DELIVERY_SPOOL)
		return fault_at(s, f, SECTION_account, i, PLACE_account_delivery,
			"login 'client' can only deliver directly: later the password is gone");
	return E_OK;
}

static int own_check(const struct settings *s, unsigned i, struct fault *f)
{
	const struct cfg_account *a = &s->account[i];

	if (a->auth != CFG_AUTH_NONE && a->auth != CFG_AUTH_OAUTH2 && !has_password(a))
		return fault_at(s, f, SECTION_account, i, -1,
			"password is missing (or password_file, or auth 'none')");
	if (a->auth != CFG_AUTH_NONE && a->username == 0)
		return fault_at(s, f, SECTION_account, i, -1, "username is missing (or address)");
	if (a->from == CFG_FROM_REWRITE && a->smtp_host != 0 && a->address == 0)
		return fault_at(s, f, SECTION_account, i, -1,
			"address is missing: From is rewritten to it (or from 'keep')");
	return E_OK;
}

static int domains_check(const struct settings *s, unsigned i, struct fault *f)
{
	struct cfg_list mine = s->account[i].domain;

	for (unsigned d = 0; d < mine.count; d++) {
		const char *domain = settings_text(s, settings_item(s, mine, d)->text);
		char login[260];
		struct fmt at = fmt_on(login, sizeof login);
		const struct cfg_account *first;

		fmt_printf(&at, "x@%s", domain);
		first = settings_account_of_domain(s, fmt_result(&at));
		if (first == &s->account[i] || first == NULL)
			continue;
		fault_at(s, f, SECTION_account, i, PLACE_account_domain,
			"domain '%s' is that of account '%s', too", domain, settings_text(s, first->head.name));
		f->element = d;
		return E_ARG;
	}
	return E_OK;
}

int validate_accounts(const struct settings *s, struct fault *f)
{
	for (unsigned i = 0; i < s->account_count; i++) {
		bool client = s->account[i].login == CFG_LOGIN_CLIENT;

		if (servers_check(s, i, f) != E_OK || domains_check(s, i, f) != E_OK ||
				(client ? client_check : own_check)(s, i, f) != E_OK)
			return E_ARG;
		if (s->account[i].pin.count <= TLS_PINS_MAX)
			continue;
		fault_at(s, f, SECTION_account, i, PLACE_account_pin, "at most %u pins",
			(unsigned)TLS_PINS_MAX);
		f->element = TLS_PINS_MAX;
		return E_ARG;
	}
	return E_OK;
}
