/*
 * explain.c - a table of known refusals: the first row whose every given field fits.
 */
#include "gateway/explain.h"

#include <string.h>

static const struct row {
	unsigned code;          /* 0: any */
	const char *enhanced;   /* NULL: any */
	const char *words;      /* part of the text, case-blind; NULL: any */
	const char *sentence;
} rows[] = {
	{ 535, "5.7.139", NULL, "basic authentication is off for this mailbox: the provider"
		" wants OAuth2" },
	{ 0, "5.7.139", NULL, "basic authentication is off for this mailbox: the provider"
		" wants OAuth2" },
	{ 0, "5.7.30", NULL, "the provider no longer takes passwords here: it wants OAuth2" },
	{ 0, "5.7.60", NULL, "this account may not send as that From: use from 'rewrite', or"
		" allow it there" },
	{ 0, NULL, "SendAsDenied", "this account may not send as that From: use from 'rewrite'" },
	{ 0, "4.7.66", NULL, "the provider finds this TLS version too old" },
	{ 432, "4.3.2", NULL, "too many connections at once: lower max_connections of the account" },
	{ 0, "5.6.11", NULL, "the message has bare LF bytes: use legacy_eol 'normalize' on the"
		" listener" },
	{ 534, "5.7.9", NULL, "the provider wants an app password: make one in the account's"
		" security settings" },
	{ 0, NULL, "application-specific password", "the provider wants an app password: make one"
		" in the account's security settings" },
	{ 0, NULL, "app password", "the provider wants an app password: make one in the account's"
		" security settings" },
	{ 0, NULL, "AADSTS50076", "the provider wants a second factor: use OAuth2" },
	{ 552, "5.3.4", NULL, "the message is too big for the provider" },
	{ 0, NULL, "relay access denied", "sign in first, or this is the wrong outgoing server" },
	{ 0, NULL, "relaying denied", "sign in first, or this is the wrong outgoing server" },
	{ 535, NULL, NULL, "the provider refuses this user name and password: check both; many"
		" providers want an app password in place of the mailbox's own" },
	{ 530, NULL, "starttls", "the provider wants TLS first: set smtp_tls 'starttls'" },
	{ 530, NULL, NULL, "the provider wants a sign-in: give username and password" },
	{ 538, NULL, NULL, "the provider wants TLS before the sign-in" },
	{ 454, NULL, NULL, "the provider cannot check sign-ins now: try again later" },
	{ 421, NULL, NULL, "the provider is busy or limits our connections: try again later" },
	{ 554, NULL, NULL, "the provider refuses connections from this network" },
};

static bool contains(struct slice text, const char *words)
{
	size_t n = strlen(words);

	for (size_t i = 0; i + n <= text.len; i++)
		if (slice_starts(slice_from(text, i), words))
			return true;
	return false;
}

const char *explain_reply(unsigned code, const char *enhanced, struct slice text)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *r = &rows[i];

		if ((r->code == 0 || r->code == code) &&
				(r->enhanced == NULL || strcmp(r->enhanced, enhanced) == 0) &&
				(r->words == NULL || contains(text, r->words)))
			return r->sentence;
	}
	return NULL;
}
