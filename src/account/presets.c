/*
 * presets.c - the providers as data, in the order of the words in settings.def. Names that people
 * still type and that were closed long ago lead to today's host.
 */
#include "account/presets.h"

#include "base/slice.h"

#define IMPLICIT(host, port) { host, port, CFG_TLS_IMPLICIT }
#define STARTTLS(host, port) { host, port, CFG_TLS_STARTTLS }
#define NONE { NULL, 0, CFG_TLS_IMPLICIT }

#define OUTLOOK_IMAP IMPLICIT("outlook.office365.com", 993)
#define OUTLOOK_POP3 IMPLICIT("outlook.office365.com", 995)
#define OUTLOOK { STARTTLS("smtp-mail.outlook.com", 587), OUTLOOK_IMAP, OUTLOOK_POP3, 3, 30, 60, \
	"OAuth2 only; passwords ended in September 2024" }

static const struct preset presets[CFG_provider_COUNT] = {
	[CFG_PROVIDER_GMAIL] = { IMPLICIT("smtp.gmail.com", 465), IMPLICIT("imap.gmail.com", 993),
		IMPLICIT("pop.gmail.com", 995), 15, 0, 0, "an app password, or OAuth2" },
	[CFG_PROVIDER_OUTLOOK] = OUTLOOK,
	[CFG_PROVIDER_HOTMAIL] = OUTLOOK,
	[CFG_PROVIDER_MICROSOFT365] = { STARTTLS("smtp.office365.com", 587), OUTLOOK_IMAP,
		OUTLOOK_POP3, 3, 30, 60,
		"OAuth2; SMTP with a password only where the administrator has it switched on" },
	[CFG_PROVIDER_YAHOO] = { IMPLICIT("smtp.mail.yahoo.com", 465),
		IMPLICIT("imap.mail.yahoo.com", 993), IMPLICIT("pop.mail.yahoo.com", 995), 0, 0, 0,
		"an app password, or OAuth2" },
	[CFG_PROVIDER_AOL] = { IMPLICIT("smtp.aol.com", 465), IMPLICIT("imap.aol.com", 993),
		IMPLICIT("pop.aol.com", 995), 0, 0, 0, "an app password, or OAuth2" },
	[CFG_PROVIDER_ZOHO] = { IMPLICIT("smtp.zoho.com", 465), IMPLICIT("imap.zoho.com", 993),
		IMPLICIT("pop.zoho.com", 995), 0, 0, 0,
		"the password, or an app password; hosts of other data centres end in .eu, .in, .com.au" },
	[CFG_PROVIDER_ICLOUD] = { STARTTLS("smtp.mail.me.com", 587),
		IMPLICIT("imap.mail.me.com", 993), NONE, 0, 0, 0, "an app password only" },
	[CFG_PROVIDER_FASTMAIL] = { IMPLICIT("smtp.fastmail.com", 465),
		IMPLICIT("imap.fastmail.com", 993), IMPLICIT("pop.fastmail.com", 995), 0, 0, 0,
		"an app password, or OAuth2" },
	[CFG_PROVIDER_HARAVAN] = { STARTTLS("mail02.haravan.vn", 587),
		IMPLICIT("mail02.haravan.vn", 993), STARTTLS("mail02.haravan.vn", 110), 0, 0, 0,
		"the password" },
	[CFG_PROVIDER_HOSTVN] = { IMPLICIT("smtp01.asvmail.net", 465),
		IMPLICIT("imap01.asvmail.net", 993), IMPLICIT("pop01.asvmail.net", 995), 0, 0, 0,
		"the password" },
	[CFG_PROVIDER_GENERIC] = { NONE, NONE, NONE, 0, 0, 0, "what its administrator says" },
};

static const struct {
	const char *old, *today;
} hosts[] = {
	{ "smtp.live.com", "smtp-mail.outlook.com" },
	{ "smtp-mail.live.com", "smtp-mail.outlook.com" },
	{ "smtp.hotmail.com", "smtp-mail.outlook.com" },
	{ "smtp.outlook.com", "smtp-mail.outlook.com" },
	{ "pop3.live.com", "outlook.office365.com" },
	{ "pop3.hotmail.com", "outlook.office365.com" },
	{ "pop-mail.outlook.com", "outlook.office365.com" },
	{ "imap-mail.outlook.com", "outlook.office365.com" },
	{ "imap.hotmail.com", "outlook.office365.com" },
};

const struct preset *preset_of(uint8_t provider)
{
	return &presets[provider < CFG_provider_COUNT ? provider : CFG_PROVIDER_GENERIC];
}

const char *preset_host_today(const char *host)
{
	for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
		if (slice_is(slice_str(host), hosts[i].old))
			return hosts[i].today;
	return NULL;
}
