/*
 * warnings.c - what is valid but surely not meant, a sentence each; told by `mailwicket test` and
 * in the log.
 */
#include <string.h>

#include "board.h"
#include "config/store.h"
#include "config/value.h"

/* Appends to a section's name what is to be said of it, if anything. */
typedef bool warning(const struct settings *s, unsigned index, struct fmt *out);

static bool tell(struct fmt *out, const char *text)
{
	fmt_str(out, text);
	return true;
}

static bool has_client_account(const struct settings *s)
{
	for (unsigned i = 0; i < s->account_count; i++)
		if (s->account[i].login == CFG_LOGIN_CLIENT)
			return true;
	return false;
}

static bool no_listener(const struct settings *s, unsigned index, struct fmt *out)
{
	(void)index;
	return s->listener_count == 0 &&
		tell(out, "there is no listener: no device can connect");
}

static bool no_carrier(const struct settings *s, unsigned index, struct fmt *out)
{
	bool user = s->user_count > 0, smtp = false;

	(void)index;
	for (unsigned i = 0; i < s->listener_count; i++)
		smtp = smtp || s->listener[i].protocol == CFG_PROTOCOL_SMTP;
	for (unsigned i = 0; i < s->user_count; i++)
		user = user && s->user[i].account != 0;
	if (s->gateway->account != 0 || user || !smtp || has_client_account(s))
		return false;
	return tell(out, "no account is set; mail that no route or user's account matches is refused");
}

static bool board_only(const struct settings *s, unsigned index, struct fmt *out)
{
	(void)index;
	return s->network_count > 0 && strcmp(BOARD_NAME, "linux") == 0 &&
		tell(out, "has no effect on a machine with an operating system");
}

static bool console_password(const struct settings *s, unsigned index, struct fmt *out)
{
	(void)index;
	return s->gateway->console_password != 0 && strcmp(BOARD_NAME, "linux") == 0 &&
		tell(out, "console_password guards serial consoles of boards; there is none here");
}

static bool no_user(const struct settings *s, unsigned index, struct fmt *out)
{
	const struct cfg_listener *l = &s->listener[index];

	if (s->user_count > 0 || (l->auth != CFG_LISTENER_AUTH_REQUIRED &&
			l->protocol == CFG_PROTOCOL_SMTP) || has_client_account(s))
		return false;
	return tell(out, "auth is required and there is no user");
}

/* A listener for mailboxes, and no account with a server for them. */
static bool no_mailbox(const struct settings *s, unsigned index, struct fmt *out)
{
	const struct cfg_listener *l = &s->listener[index];
	bool imap = l->protocol == CFG_PROTOCOL_IMAP;

	if (!imap && l->protocol != CFG_PROTOCOL_POP3)
		return false;
	for (unsigned i = 0; i < s->account_count; i++)
		if ((imap ? s->account[i].imap_host : s->account[i].pop3_host) != 0)
			return false;
	return tell(out, imap ? "no account has an imap_host" : "no account has a pop3_host");
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
	return tell(out, "with tls 'off' and plain_auth '0' only CRAM-MD5 is left, "
		"and no user has clear '1'");
}

static bool rate_waits(const struct settings *s, unsigned index, struct fmt *out)
{
	return value_given(setting_at(SECTION_account, PLACE_account_rate),
		&s->account[index].head) && tell(out, "rate is not kept yet");
}

static bool oauth_waits(const struct settings *s, unsigned index, struct fmt *out)
{
	const struct cfg_account *a = &s->account[index];

	return (a->oauth_client_id != 0 || a->oauth_client_secret != 0 || a->oauth_tenant != 0) &&
		tell(out, "OAuth2 is not built yet");
}

static bool password_ended(const struct settings *s, unsigned index, struct fmt *out)
{
	const struct cfg_account *a = &s->account[index];

	return (a->provider == CFG_PROVIDER_OUTLOOK || a->provider == CFG_PROVIDER_HOTMAIL) &&
		tell(out, "Outlook.com takes OAuth2 only, which is not built yet; "
			"passwords are refused there");
}

/* An account that is told to carry mail of others, though it has no credentials of its own. */
static bool lends_nothing(const struct settings *s, text_ref account, struct fmt *out)
{
	const struct cfg_account *a = settings_account(s, settings_text(s, account));

	if (a == NULL || a->login != CFG_LOGIN_CLIENT)
		return false;
	fmt_printf(out, "account '%s' has login 'client' "
		"and carries only the mail of who signs in to it", settings_text(s, account));
	return true;
}

static bool gateway_lends(const struct settings *s, unsigned index, struct fmt *out)
{
	(void)index;
	return lends_nothing(s, s->gateway->account, out);
}

static bool user_lends(const struct settings *s, unsigned index, struct fmt *out)
{
	return lends_nothing(s, s->user[index].account, out);
}

static bool route_lends(const struct settings *s, unsigned index, struct fmt *out)
{
	return s->route[index].action == CFG_ACTION_RELAY &&
		lends_nothing(s, s->route[index].account, out);
}

/* ---- options without effect ---- */

/* An option that does nothing while another one has, or has not, a value. */
static const struct idle {
	uint8_t type, place, other, word;
	bool unless;              /* while `other` does not have the word */
	const char *because;
} idle[] = {
#define IDLE(section, name, other, word, unless, because) \
	{ SECTION_##section, PLACE_##section##_##name, PLACE_##section##_##other, word, unless, \
		because },
	IDLE(listener, tls_min, tls, CFG_LISTENER_TLS_OFF, false, "with tls 'off'")
	IDLE(listener, certificate, tls, CFG_LISTENER_TLS_OFF, false, "with tls 'off'")
	IDLE(listener, proxy_from, proxy_protocol, 1, true, "without proxy_protocol '1'")
	IDLE(listener, plain_auth, tls, CFG_LISTENER_TLS_REQUIRED, false, "with tls 'required'")
	IDLE(listener, plain_auth, tls, CFG_LISTENER_TLS_IMPLICIT, false, "with tls 'implicit'")
	IDLE(account, domain, login, CFG_LOGIN_CLIENT, true, "without login 'client'")
	IDLE(account, username, login, CFG_LOGIN_CLIENT, false, "with login 'client'")
	IDLE(account, password, login, CFG_LOGIN_CLIENT, false, "with login 'client'")
	IDLE(account, password_file, login, CFG_LOGIN_CLIENT, false, "with login 'client'")
	IDLE(account, password, auth, CFG_AUTH_NONE, false, "with auth 'none'")
	IDLE(account, password_file, auth, CFG_AUTH_NONE, false, "with auth 'none'")
	IDLE(route, account, action, CFG_ACTION_REJECT, false, "with action 'reject'")
#undef IDLE
};

static bool idles(const struct settings *s, unsigned number, unsigned index, struct fmt *out)
{
	const struct idle *row = &idle[number];
	enum section_type type = (enum section_type)row->type;
	const struct cfg_section *sec = section_of(s, type, index);
	const struct setting *option = setting_at(type, row->place);
	uint8_t word = *((const uint8_t *)sec + setting_at(type, row->other)->offset);

	if (!value_given(option, sec) || (word == row->word) == row->unless)
		return false;
	if (option->kind == KIND_BOOL && *((const uint8_t *)sec + option->offset) == 0)
		return false;
	fmt_printf(out, "%s has no effect %s", option->name, row->because);
	return true;
}

/* ---- the list ---- */

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
	{ SECTION_listener, no_mailbox },
	{ SECTION_gateway, gateway_lends },
	{ SECTION_user, user_lends },
	{ SECTION_route, route_lends },
	{ SECTION_account, rate_waits },
	{ SECTION_account, oauth_waits },
	{ SECTION_account, password_ended },
};

enum { COUNT = sizeof warnings / sizeof warnings[0] };

/* "gateway: " or "account 'NAME': "; nothing where the section does not matter. */
static void name_put(const struct settings *s, unsigned i, enum section_type type, unsigned index,
	struct fmt *out)
{
	if (i < COUNT && warnings[i].check == no_listener)
		return;
	fmt_str(out, settings_sections[type].name);
	if (settings_sections[type].max > 1) {
		fmt_str(out, " '");
		section_put(s, type, index, out);
		fmt_char(out, '\'');
	}
	fmt_str(out, ": ");
}

/* Number i of everything that can be wrong with section `index`; beyond the list come the idle
 * options. */
static bool warn(const struct settings *s, unsigned i, unsigned index, struct fmt *out)
{
	return i < COUNT ? warnings[i].check(s, index, out) : idles(s, i - COUNT, index, out);
}

int settings_warning(const struct settings *s, unsigned number, struct fmt *out)
{
	char text[300];

	for (unsigned i = 0; i < COUNT + sizeof idle / sizeof idle[0]; i++) {
		enum section_type type = (enum section_type)(i < COUNT ? warnings[i].type :
			idle[i - COUNT].type);
		unsigned n = settings_sections[type].max == 1 ? 1 : section_count(s, type);

		for (unsigned j = 0; j < n; j++) {
			struct fmt one = fmt_on(text, sizeof text);

			name_put(s, i, type, j, &one);
			if (!warn(s, i, j, &one) || number-- > 0)
				continue;
			fmt_slice(out, fmt_result(&one));
			return E_OK;
		}
	}
	return E_NOENT;
}
