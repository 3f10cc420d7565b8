/*
 * warnings.c - what is valid but surely not meant, a sentence each; told by `mailwicket test` and in the
 * log.
 */
#include <string.h>

#include "board.h"
#include "config/store.h"
#include "config/value.h"

/* Appends the warning of a section, if it deserves one. */
typedef bool warning(const struct settings *s, unsigned index, struct fmt *out);

static bool no_listener(const struct settings *s, unsigned index, struct fmt *out)
{
	(void)index;
	if (s->listener_count == 0)
		fmt_str(out, "there is no listener: no device can connect");
	return s->listener_count == 0;
}

static bool no_carrier(const struct settings *s, unsigned index, struct fmt *out)
{
	bool user = s->user_count > 0, client = false;

	(void)index;
	for (unsigned i = 0; i < s->user_count; i++)
		user = user && s->user[i].account != 0;
	for (unsigned i = 0; i < s->account_count; i++)
		client = client || s->account[i].login == CFG_LOGIN_CLIENT;
	if (s->gateway->account != 0 || user || client || s->listener_count == 0)
		return false;
	fmt_str(out, "gateway: no account is set; mail that no route or user's account matches is refused");
	return true;
}

static bool board_only(const struct settings *s, unsigned index, struct fmt *out)
{
	(void)index;
	if (s->network_count == 0 || strcmp(BOARD_NAME, "linux") != 0)
		return false;
	fmt_str(out, "network: has no effect on a machine with an operating system");
	return true;
}

static bool console_password(const struct settings *s, unsigned index, struct fmt *out)
{
	(void)index;
	if (s->gateway->console_password == 0 || strcmp(BOARD_NAME, "linux") != 0)
		return false;
	fmt_str(out, "gateway: console_password guards serial consoles of boards; there is none here");
	return true;
}

static bool no_user(const struct settings *s, unsigned index, struct fmt *out)
{
	const struct cfg_listener *l = &s->listener[index];

	if (l->auth != CFG_LISTENER_AUTH_REQUIRED || s->user_count > 0)
		return false;
	for (unsigned i = 0; i < s->account_count; i++)
		if (s->account[i].login == CFG_LOGIN_CLIENT)
			return false;
	fmt_printf(out, "listener '%s': auth is required and there is no user", settings_text(s, l->head.name));
	return true;
}

static bool no_way_in(const struct settings *s, unsigned index, struct fmt *out)
{
	const struct cfg_listener *l = &s->listener[index];

	if (l->tls != CFG_LISTENER_TLS_OFF || l->plain_auth != 0 ||
			l->auth == CFG_LISTENER_AUTH_NONE)
		return false;
	for (unsigned i = 0; i < s->user_count; i++)
		if (s->user[i].clear == 1)
			return false;
	fmt_printf(out, "listener '%s': with tls 'off' and plain_auth '0' only CRAM-MD5 is left, and no user has "
		"clear '1'", settings_text(s, l->head.name));
	return true;
}

static bool old_tls(const struct settings *s, unsigned index, struct fmt *out)
{
	const struct cfg_listener *l = &s->listener[index];

	if (l->tls != CFG_LISTENER_TLS_OFF || !value_given(setting_at(SECTION_listener,
			PLACE_listener_tls_min), &l->head))
		return false;
	fmt_printf(out, "listener '%s': tls_min has no effect with tls 'off'", settings_text(s, l->head.name));
	return true;
}

static bool rate_waits(const struct settings *s, unsigned index, struct fmt *out)
{
	const struct cfg_account *a = &s->account[index];

	if (!value_given(setting_at(SECTION_account, PLACE_account_rate), &a->head))
		return false;
	fmt_printf(out, "account '%s': rate is not kept yet", settings_text(s, a->head.name));
	return true;
}

static bool oauth_waits(const struct settings *s, unsigned index, struct fmt *out)
{
	const struct cfg_account *a = &s->account[index];

	if (a->oauth_client_id == 0 && a->oauth_client_secret == 0 && a->oauth_tenant == 0)
		return false;
	fmt_printf(out, "account '%s': OAuth2 is not built yet", settings_text(s, a->head.name));
	return true;
}

static bool password_ended(const struct settings *s, unsigned index, struct fmt *out)
{
	const struct cfg_account *a = &s->account[index];

	if (a->provider != CFG_PROVIDER_OUTLOOK && a->provider != CFG_PROVIDER_HOTMAIL)
		return false;
	fmt_printf(out, "account '%s': Outlook.com takes OAuth2 only, which is not built yet; passwords are "
		"refused there", settings_text(s, a->head.name));
	return true;
}

static const struct {
	uint8_t type;
	warning *check;
} warnings[] = {
	{ SECTION_gateway, no_listener },
	{ SECTION_gateway, no_carrier },
	{ SECTION_gateway, console_password },
	{ SECTION_network, board_only },
	{ SECTION_listener, no_user },
	{ SECTION_listener, no_way_in },
	{ SECTION_listener, old_tls },
	{ SECTION_account, rate_waits },
	{ SECTION_account, oauth_waits },
	{ SECTION_account, password_ended },
};

int settings_warning(const struct settings *s, unsigned number, struct fmt *out)
{
	char text[300];

	for (unsigned i = 0; i < sizeof warnings / sizeof warnings[0]; i++) {
		enum section_type type = (enum section_type)warnings[i].type;
		unsigned n = settings_sections[type].max == 1 ? 1 : section_count(s, type);

		for (unsigned j = 0; j < n; j++) {
			struct fmt one = fmt_on(text, sizeof text);

			if (!warnings[i].check(s, j, &one) || number-- > 0)
				continue;
			fmt_slice(out, fmt_result(&one));
			return E_OK;
		}
	}
	return E_NOENT;
}
