/*
 * test_validate.c - wrong configurations: the right line and the right sentence for each; and the right
 * ones beside them. Above all: no configuration makes an open relay (DECISIONS 11, 13, 14, 26).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/settings.h"
#include "sim.h"

static int setup(void **state)
{
	sim_reset(1);
	settings_reset();
	return 0;
}

/* The configuration with a gateway section at its end, where it has none. */
static struct slice whole(const char *config)
{
	static char all[2 * BOARD_CONFIG_TEXT];
	struct fmt f = fmt_on(all, sizeof all);

	fmt_str(&f, config);
	if (strstr(config, "config gateway") == NULL)
		fmt_str(&f, "config gateway 'gw'\n");
	return fmt_result(&f);
}

static void refused(const char *config, const char *wanted)
{
	struct settings_error err;
	int e = settings_load(whole(config), "f", &err);

	if (e == E_OK)
		fail_msg("taken: %s", config);
	if (strcmp(err.text, wanted) != 0)
		fail_msg("\n%s\nwanted %s\nis     %s", config, wanted, err.text);
	assert_int_equal(e, E_ARG);
	assert_int_equal(err.line, wanted[1] == ':' && wanted[2] != ' ' ? strtoul(wanted + 2, NULL, 10) : 0);
	assert_int_equal(settings_generation(), 0);
}

static void taken(const char *config)
{
	struct settings_error err;

	if (settings_load(whole(config), "f", &err) != E_OK)
		fail_msg("\n%s\nrefused: %s", config, err.text);
}

struct wrong {
	const char *config, *sentence;
};

static void refuse_all(const struct wrong *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		refused(cases[i].config, cases[i].sentence);
}
#define REFUSE_ALL(cases) refuse_all(cases, sizeof (cases) / sizeof (cases)[0])

/* Four lines each. */
#define ACCOUNT "config account 'office'\n option smtp_host 'mx.test'\n option address 'a@b.c'\n" \
	" option password 'pw'\n"
#define CLIENT "config account 'theirs'\n option smtp_host 'mx.test'\n option login 'client'\n" \
	" list domain 'example.com'\n"
/* Two lines. */
#define LISTENER "config listener 'scan'\n option protocol 'smtp'\n"
#define USER "config user 'printer'\n option password 'pw'\n"

static void names_and_text(void **state)
{
	static const struct wrong cases[] = {
		{ "config listner 'x'\n", "f:1: unknown section type 'listner'; did you mean 'listener'?" },
		{ "config qqqqqq 'x'\n", "f:1: unknown section type 'qqqqqq'" },
		{ "# c\n" ACCOUNT " option smtp_prt '25'\n",
			"f:6: unknown option 'smtp_prt' in account 'office'; did you mean 'smtp_port'?" },
		{ LISTENER " option colour 'red'\n", "f:3: unknown option 'colour' in listener 'scan'" },
		{ "config route\n option sendr '*'\n",
			"f:2: unknown option 'sendr' in route '@route[0]'; did you mean 'sender'?" },
		{ "config gateway\n option hostnam 'x'\n",
			"f:2: unknown option 'hostnam' in gateway 'gateway'; did you mean 'hostname'?" },
		{ "option port '25'\n",
			"f:1: an option before the first section; begin with `config gateway 'main'`" },
		{ "config listener\n", "f:1: listener '': the section needs a name" },
		{ "config account 'Office'\n",
			"f:1: account 'Office': a section's name has at most 32 of a-z, 0-9 and _" },
		{ "config user 'a234567890123456789012345678901234'\n",
			"f:1: user 'a234567890123456789012345678901234': a section's name has at most 32 of a-z, 0-9 "
			"and _" },
		{ "config route 'first'\n",
			"f:1: route 'first': routes have no names; write `config route`" },
		{ ACCOUNT "config user 'office'\n", "f:5: user 'office': the name is used twice" },
		{ ACCOUNT ACCOUNT, "f:5: account 'office': the name is used twice" },
		{ "config gateway 'main'\nconfig gateway 'other'\n",
			"f:2: gateway 'other': there can be only one gateway section" },
		{ LISTENER " option port '25'\n option port '26'\n",
			"f:4: listener 'scan': port is given twice" },
		{ LISTENER " option allow '10.0.0.0/8'\n option allow '::1'\n",
			"f:4: listener 'scan': allow is given twice; write `list` for each value" },
		{ LISTENER " list port '25'\n",
			"f:3: listener 'scan': port has one value; write `option port`" },
		{ LISTENER "\n option tls 'of\n", "f:4: a quote is not closed" },
		{ "config listener 'a\x1b[2J'\n",
			"f:1: listener 'a?[2J': a section's name has at most 32 of a-z, 0-9 and _" },
	};

	REFUSE_ALL(cases);
}

static void values(void **state)
{
	static const struct wrong cases[] = {
		{ LISTENER " option port '70000'\n",
			"f:3: listener 'scan': port wants a port from 1 to 65535, not '70000'" },
		{ LISTENER " option tls 'startls'\n",
			"f:3: listener 'scan': tls wants off, starttls, required, implicit or detect, not 'startls'; "
			"did you mean 'starttls'?" },
		{ LISTENER " option tls_min '1.3'\n",
			"f:3: listener 'scan': tls_min wants 1.0, 1.1 or 1.2, not '1.3'; did you mean '1.0'?" },
		{ LISTENER " option max_connections '0'\n",
			"f:3: listener 'scan': max_connections wants a number from 1 to 4096, not '0'" },
		{ LISTENER " list allow '192.168.1.1/24'\n",
			"f:3: listener 'scan': allow wants an address or a network like 192.168.1.0/24, not "
			"'192.168.1.1/24'" },
		{ "config gateway 'main'\n option max_message '50'\n",
			"f:2: gateway 'main': max_message wants a size like 500K, 50M or 2G from 1K to 2147483647, "
			"not '50'" },
		{ "config gateway 'main'\n option queue_lifetime '5'\n",
			"f:2: gateway 'main': queue_lifetime wants a time like 30s, 5m, 12h or 5d from 1h to 30d, "
			"not '5'" },
		{ "config gateway 'main'\n option log 'udp://log.lan:514'\n",
			"f:2: gateway 'main': log wants stderr, syslog or udp://ADDRESS:PORT, not "
			"'udp://log.lan:514'" },
		{ ACCOUNT " option rate '30'\n",
			"f:5: account 'office': rate wants a rate like 30/m (s, m, h or d) from 1 to 100000, not "
			"'30'" },
		{ ACCOUNT " list pin 'sha1/AAAA'\n",
			"f:5: account 'office': pin wants sha256/ and 44 characters of base64, not 'sha1/AAAA'" },
		{ "config user 'u'\n option password '<hidden>'\n",
			"f:2: user 'u': password wants a secret, not the mark of a hidden one" },
		{ ACCOUNT " option from 'a\nb'\n",
			"f:5: account 'office': from wants rewrite or keep, not 'a?b'" },
		{ "config account 'a'\n option address 'a@b@c'\n",
			"f:2: account 'a': address wants a mail address like name@example.com, not 'a@b@c'" },
	};

	REFUSE_ALL(cases);
}

static void references_and_what_is_missing(void **state)
{
	static const struct wrong cases[] = {
		{ "config listener 'scan'\n", "f:1: listener 'scan': protocol is missing" },
		{ "config user 'u'\n option name 'x'\n", "f:1: user 'u': password is missing (or its _file)" },
		{ "config user 'u'\n option password ''\n", "f:1: user 'u': password is missing (or its _file)" },
		{ "config gateway 'main'\n option account 'ofice'\n" ACCOUNT,
			"f:2: gateway 'main': account 'ofice' is not there; add `config account 'ofice'`" },
		{ USER " option account 'nobody'\n",
			"f:3: user 'printer': account 'nobody' is not there; add `config account 'nobody'`" },
		{ USER "config gateway 'main'\n option account 'printer'\n",
			"f:4: gateway 'main': account 'printer' is not there; add `config account 'printer'`" },
		{ "config route\n option account 'x'\n",
			"f:2: route '@route[0]': account 'x' is not there; add `config account 'x'`" },
		{ ACCOUNT "config route\n option account 'office'\nconfig route\n option sender '*'\n",
			"f:7: route '@route[1]': account is missing (or action 'reject')" },
		{ USER "config user 'other'\n option password 'x'\n option name 'PRINTER'\n",
			"f:5: user 'other': the login name 'PRINTER' is that of user 'printer', too" },
		{ "config user 'other'\n option password 'x'\n option name 'printer'\n" USER,
			"f:4: user 'printer': the login name 'printer' is that of user 'other', too" },
		{ "config user 'u'\n option password 'SCRAM-SHA-256$4096:AAAA$BBBB'\n",
			"f:2: user 'u': password looks like an RFC 5803 string but is none; write it with `passwd`" },
		{ "config user 'u'\n option password 'a'\n option password_file '/b'\n",
			"f:3: user 'u': password and password_file exclude each other" },
		{ "config gateway 'main'\n option account 'i'\nconfig account 'i'\n option imap_host 'x.y'\n"
			" option username 'u'\n option password 'p'\n",
			"f:3: account 'i': no smtp_host, and it is told to carry mail" },
	};

	REFUSE_ALL(cases);
}

static void a_gateway_section_is_needed(void **state)
{
	struct settings_error err;

	assert_int_equal(settings_load(slice_str("# config gateway\n"), "f", &err), E_ARG);
	assert_string_equal(err.text, "f: there is no gateway section; `config gateway 'main'` begins it");
	assert_int_equal(err.line, 0);
}

static void listeners(void **state)
{
	static const struct wrong cases[] = {
		{ LISTENER " option tls 'implicit'\n option certificate '/c'\n",
			"f:4: listener 'scan': certificate needs key, too" },
		{ LISTENER " option tls 'implicit'\n option key '/k'\n",
			"f:4: listener 'scan': key needs certificate, too" },
		{ LISTENER " option metrics '1'\n",
			"f:3: listener 'scan': metrics are served by protocol 'http' only" },
		{ LISTENER " option proxy_protocol '1'\n",
			"f:3: listener 'scan': proxy_protocol '1' needs proxy_from: the addresses of the proxies" },
		{ LISTENER "config listener 'two'\n option protocol 'smtp'\n",
			"f:3: listener 'two': port 25 is taken at the same address by listener 'scan'" },
		{ LISTENER "config listener 'two'\n option protocol 'smtp'\n list address '127.0.0.1'\n"
			" option port '25'\n",
			"f:6: listener 'two': port 25 is taken at the same address by listener 'scan'" },
		{ "config listener 'web'\n option protocol 'http'\n option tls 'starttls'\n",
			"f:3: listener 'web': protocol 'http' knows no STARTTLS; tls is off or implicit" },
	};

	REFUSE_ALL(cases);
	taken(LISTENER " list address '127.0.0.1'\nconfig listener 'two'\n option protocol 'smtp'\n"
		" list address '127.0.0.2'\n");
}

/* DECISIONS 11: beyond the owner's networks only with a password that cannot be overheard. */
static void no_open_relay_by_allow(void **state)
{
	static const char *const wide[] = {
		"0.0.0.0/0", "::/0", "8.8.8.8", "10.0.0.0/7", "192.168.0.0/15", "172.0.0.0/10", "128.0.0.0/1",
		"0.0.0.0/1", "100.64.0.0/10", "fc00::/6", "fe80::/9", "2001:db8::/32", "2001:db8:1::/64",
		"::/1", "126.0.0.0/7", "169.254.0.0/15", "0.0.0.0", "::", "fe00::/8", "::ffff:8.8.8.8/32",
	};
	static const char *const narrow[] = {
		"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "::1",
		"fe80::/10", "fc00::/7", "10.1.2.3", "fd00::/8", "::ffff:10.0.0.0/8",
	};
	char config[400];

	for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
		struct settings_error err;
		struct fmt f = fmt_on(config, sizeof config);

		fmt_printf(&f, LISTENER " list allow '10.0.0.0/8'\n list allow '%s'\n", wide[i]);
		if (settings_load(whole(fmt_cstr(&f)), "f", &err) == E_OK)
			fail_msg("open relay by allow %s", wide[i]);
		assert_int_equal(err.line, 4);
		assert_non_null(strstr(err.text, "reaches beyond private networks, so auth must be 'required'"));
	}
	for (size_t i = 0; i < sizeof narrow / sizeof narrow[0]; i++) {
		struct fmt f = fmt_on(config, sizeof config);

		fmt_printf(&f, LISTENER " list allow '%s'\n", narrow[i]);
		taken(fmt_cstr(&f));
	}
}

#define PUBLIC LISTENER " list allow '0.0.0.0/0'\n option auth 'required'\n"
#define BEYOND "f:3: listener 'scan': allow '0.0.0.0/0' reaches beyond private networks, so "

static void no_password_in_clear_from_beyond(void **state)
{
	static const struct wrong cases[] = {
		{ PUBLIC, BEYOND "tls must be 'required' or 'implicit', or plain_auth '0'" },
		{ PUBLIC " option tls 'starttls'\n option plain_auth '1'\n",
			BEYOND "tls must be 'required' or 'implicit', or plain_auth '0'" },
		{ PUBLIC " option tls 'detect'\n option plain_auth '1'\n",
			BEYOND "tls must be 'required' or 'implicit', or plain_auth '0'" },
		{ LISTENER " list allow '0.0.0.0/0'\n option tls 'implicit'\n",
			BEYOND "auth must be 'required'" },
		{ LISTENER " list allow '0.0.0.0/0'\n option tls 'required'\n option auth 'none'\n",
			BEYOND "auth must be 'required'" },
		{ LISTENER " list allow '0.0.0.0/0'\n option auth ''\n option tls 'required'\n",
			BEYOND "auth must be 'required'" },
	};

	REFUSE_ALL(cases);
	taken(PUBLIC " option tls 'required'\n");
	taken(PUBLIC " option tls 'implicit'\n");
	taken(PUBLIC " option tls 'starttls'\n");
	taken(PUBLIC " option tls 'detect'\n");
	taken(PUBLIC " option plain_auth '0'\n");
}

/* The LAN's own IPv6 prefix counts as private when it is named and one of our addresses is in it. */
static void the_lans_own_prefix(void **state)
{
	struct port_addr own = sim_addr("2001:db8:1::7", 0);

	sim_own_addresses(&own, 1);
	taken(LISTENER " list allow '2001:db8:1::/64'\n");
	settings_reset();
	refused(LISTENER " list allow '2001:db8:1::/48'\n", "f:3: listener 'scan': allow '2001:db8:1::/48' "
		"reaches beyond private networks, so auth must be 'required'");
	refused(LISTENER " list allow '2001:db8:2::/64'\n", "f:3: listener 'scan': allow '2001:db8:2::/64' "
		"reaches beyond private networks, so auth must be 'required'");
}

#define PROXY LISTENER " option proxy_protocol '1'\n"

/* The PROXY header says who the client is: strangers must not be able to say it. */
static void no_open_relay_by_proxy(void **state)
{
	refused(PROXY " list proxy_from '0.0.0.0/0'\n", "f:4: listener 'scan': proxy_from '0.0.0.0/0' lets "
		"strangers say who they are; name single addresses");
	refused(PROXY " list proxy_from '10.0.0.2'\n list proxy_from '203.0.113.0/24'\n",
		"f:5: listener 'scan': proxy_from '203.0.113.0/24' lets strangers say who they are; name single "
		"addresses");
	taken(PROXY " list proxy_from '10.0.0.0/24'\n list proxy_from '203.0.113.7'\n");
}

static void accounts(void **state)
{
	static const struct wrong cases[] = {
		{ "config account 'a'\n option address 'a@b.c'\n option password 'x'\n",
			"f:1: account 'a': no server: give a provider, or smtp_host for one of its own" },
		{ "config account 'a'\n option smtp_host 'x.y'\n option address 'a@b.c'\n",
			"f:1: account 'a': password is missing (or password_file, or auth 'none')" },
		{ "config account 'a'\n option smtp_host 'x.y'\n option password 'p'\n",
			"f:1: account 'a': username is missing (or address)" },
		{ "config account 'a'\n option smtp_host 'x.y'\n option username 'u'\n option password 'p'\n",
			"f:1: account 'a': address is missing: From is rewritten to it (or from 'keep')" },
		{ "config account 'a'\n option smtp_host 'x.y'\n option auth 'none'\n",
			"f:1: account 'a': address is missing: From is rewritten to it (or from 'keep')" },
		{ "config account 'g'\n option provider 'gmail'\n option smtp_tls 'off'\n",
			"f:3: account 'g': smtp_tls 'off' is for servers in local networks only, so smtp_host must "
			"name one" },
		{ "config account 'a'\n option smtp_host '8.8.8.8'\n option smtp_tls 'off'\n",
			"f:3: account 'a': smtp_tls 'off' is for servers in local networks only, which 8.8.8.8 is "
			"not" },
		{ ACCOUNT " option imap_host '2001:db8::1'\n option imap_tls 'off'\n",
			"f:6: account 'office': imap_tls 'off' is for servers in local networks only, which "
			"2001:db8::1 is not" },
		{ ACCOUNT " option pop3_tls 'off'\n",
			"f:5: account 'office': pop3_tls 'off' is for servers in local networks only, so pop3_host "
			"must name one" },
		{ ACCOUNT
			" list pin 'sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='\n"
			" list pin 'sha256/BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='\n"
			" list pin 'sha256/CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='\n"
			" list pin 'sha256/DAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='\n"
			" list pin 'sha256/EAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='\n",
			"f:9: account 'office': at most 4 pins" },
	};

	REFUSE_ALL(cases);
	taken("config account 'a'\n option smtp_host '10.0.0.25'\n option smtp_tls 'off'\n"
		" option auth 'none'\n option from 'keep'\n");
	taken("config account 'a'\n option smtp_host 'mail.lan'\n option smtp_tls 'off'\n"
		" option auth 'none'\n option address 'a@b.c'\n");
	taken("config account 'a'\n option provider 'icloud'\n option username 'a@icloud.com'\n"
		" option password 'x'\n");
}

/* DECISIONS 13, and what would let strangers send by an account of ours. */
static void accounts_of_clients(void **state)
{
	static const struct wrong cases[] = {
		{ CLIENT " option auth 'none'\n",
			"f:5: account 'theirs': login 'client' with auth 'none' would let anybody send" },
		{ CLIENT " option auth 'cram_md5'\n",
			"f:5: account 'theirs': login 'client' passes passwords on; auth is auto, plain or login" },
		{ CLIENT " option auth 'scram'\n",
			"f:5: account 'theirs': login 'client' passes passwords on; auth is auto, plain or login" },
		{ CLIENT " option delivery 'spool'\n",
			"f:5: account 'theirs': login 'client' can only deliver directly: later the password is gone" },
		{ "config account 'a'\n option smtp_host 'x.y'\n option login 'client'\n",
			"f:3: account 'a': login 'client' needs at least one domain, by which logins find the "
			"account" },
		{ CLIENT "config account 'b'\n option smtp_host 'x.y'\n option login 'client'\n"
			" list domain 'b.example'\n list domain 'EXAMPLE.com'\n",
			"f:9: account 'b': domain 'EXAMPLE.com' is that of account 'theirs', too" },
		{ ACCOUNT CLIENT PUBLIC " option tls 'implicit'\nconfig route\n option account 'office'\n",
			"f:15: route '@route[0]': strangers at listener 'scan' who sign in to account 'theirs' could "
			"send by account 'office'; give the route a local client" },
		{ ACCOUNT CLIENT PUBLIC " option tls 'implicit'\nconfig route\n option client '0.0.0.0/0'\n"
			" option account 'office'\n",
			"f:16: route '@route[0]': strangers at listener 'scan' who sign in to account 'theirs' could "
			"send by account 'office'; give the route a local client" },
	};

	REFUSE_ALL(cases);
	taken(CLIENT);
	taken(ACCOUNT CLIENT PUBLIC " option tls 'implicit'\nconfig route\n option client '10.0.0.0/8'\n"
		" option account 'office'\n");
	taken(ACCOUNT CLIENT LISTENER "config route\n option account 'office'\n");
}

static void what_is_not_built_yet(void **state)
{
	static const struct wrong cases[] = {
		{ "config listener 'p'\n option protocol 'http'\n",
			"f:2: listener 'p': protocol 'http' is not built yet" },
		{ ACCOUNT " option delivery 'spool'\n", "f:5: account 'office': delivery 'spool' is not built yet" },
		{ ACCOUNT " option auth 'scram'\n", "f:5: account 'office': auth 'scram' is not built yet" },
		{ "config account 'a'\n option provider 'gmail'\n option address 'a@b.c'\n"
			" option auth 'oauth2'\n", "f:4: account 'a': auth 'oauth2' is not built yet" },
		{ "config gateway 'main'\n option spool 'ram'\n",
			"f:2: gateway 'main': spool 'ram' is not built yet; only 'off' is" },
		{ "config gateway 'main'\n option spool '/var/spool/mailwicket'\n",
			"f:2: gateway 'main': spool '/var/spool/mailwicket' is not built yet; only 'off' is" },
		{ ACCOUNT "config fetch 'isp'\n option account 'office'\n option deliver_to 'a@b.c'\n"
			" option via 'office'\n", "f:5: fetch 'isp': fetching is not built yet" },
	};

	REFUSE_ALL(cases);
}

static void warned(const char *config, const char *sentence)
{
	char text[400];
	unsigned n = 0;

	taken(config);
	for (;;) {
		struct fmt f = fmt_on(text, sizeof text);

		if (settings_warning(settings_running(), n++, &f) != E_OK)
			break;
		if (strcmp(fmt_cstr(&f), sentence) == 0)
			return;
	}
	fail_msg("no warning: %s", sentence);
}

static void warnings(void **state)
{
	char text[400];
	struct fmt f = fmt_on(text, sizeof text);

	warned("", "there is no listener: no device can connect");
	warned(LISTENER, "gateway: no account is set; mail that no route or user's account matches is refused");
	warned(LISTENER " option auth 'required'\n", "listener 'scan': auth is required and there is no user");
	warned(LISTENER USER " option clear '0'\nconfig listener 'b'\n option protocol 'smtp'\n"
		" option port '26'\n option plain_auth '0'\n",
		"listener 'b': with tls 'off' and plain_auth '0' only CRAM-MD5 is left, and no user has clear '1'");
	warned("config gateway 'main'\n option account 'theirs'\n" CLIENT,
		"gateway: account 'theirs' has login 'client' and carries only the mail of who signs in to it");
	warned(CLIENT USER " option account 'theirs'\n",
		"user 'printer': account 'theirs' has login 'client' and carries only the mail of who signs in to it");
	warned(CLIENT "config route\n option account 'theirs'\n",
		"route '@route[0]': account 'theirs' has login 'client' and carries only the mail of who signs in to "
		"it");
	warned("config network 'n'\n", "network: has no effect on a machine with an operating system");
	warned(ACCOUNT " option rate '3/m'\n", "account 'office': rate is not kept yet");
	warned("config account 'o'\n option provider 'outlook'\n option address 'a@b.c'\n option password 'x'\n",
		"account 'o': Outlook.com takes OAuth2 only, which is not built yet; passwords are refused there");
	taken("config gateway 'main'\n option account 'office'\n" ACCOUNT LISTENER USER);
	assert_int_equal(settings_warning(settings_running(), 0, &f), E_NOENT);
	assert_int_equal(f.len, 0);
}

static void options_without_effect(void **state)
{
	warned(LISTENER " option tls_min '1.0'\n", "listener 'scan': tls_min has no effect with tls 'off'");
	warned(LISTENER " option certificate '/c'\n option key '/k'\n",
		"listener 'scan': certificate has no effect with tls 'off'");
	warned(LISTENER " option tls 'required'\n option plain_auth '1'\n",
		"listener 'scan': plain_auth has no effect with tls 'required'");
	warned(LISTENER " list proxy_from '0.0.0.0/0'\n",
		"listener 'scan': proxy_from has no effect without proxy_protocol '1'");
	warned(ACCOUNT " option auth 'none'\n", "account 'office': password has no effect with auth 'none'");
	warned(ACCOUNT " list domain 'x.y'\n",
		"account 'office': domain has no effect without login 'client'");
	warned(CLIENT " option password 'x'\n",
		"account 'theirs': password has no effect with login 'client'");
	warned(CLIENT " option username 'x'\n",
		"account 'theirs': username has no effect with login 'client'");
	warned(ACCOUNT "config route\n option action 'reject'\n option account 'office'\n",
		"route '@route[0]': account has no effect with action 'reject'");
}

#define IMAP "config listener 'm'\n option protocol 'imap'\n option port '143'\n"
#define READS " option imap_host 'imap.example.com'\n"

/* Mailboxes are never read without a login, and what could not work is told. */
static void mailboxes(void **state)
{
	refused(ACCOUNT READS IMAP " option auth 'none'\n", "f:9: listener 'm': mailboxes are not read "
		"without a login; leave auth away, or set it to 'required'");
	warned(ACCOUNT IMAP, "listener 'm': no account has an imap_host");
	warned(ACCOUNT READS IMAP, "listener 'm': auth is required and there is no user");
	taken(ACCOUNT READS IMAP "config user 'u'\n option password 'x'\n option account 'office'\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(names_and_text, setup),
		cmocka_unit_test_setup(values, setup),
		cmocka_unit_test_setup(references_and_what_is_missing, setup),
		cmocka_unit_test_setup(a_gateway_section_is_needed, setup),
		cmocka_unit_test_setup(listeners, setup),
		cmocka_unit_test_setup(no_open_relay_by_allow, setup),
		cmocka_unit_test_setup(no_password_in_clear_from_beyond, setup),
		cmocka_unit_test_setup(the_lans_own_prefix, setup),
		cmocka_unit_test_setup(no_open_relay_by_proxy, setup),
		cmocka_unit_test_setup(accounts, setup),
		cmocka_unit_test_setup(accounts_of_clients, setup),
		cmocka_unit_test_setup(what_is_not_built_yet, setup),
		cmocka_unit_test_setup(mailboxes, setup),
		cmocka_unit_test_setup(warnings, setup),
		cmocka_unit_test_setup(options_without_effect, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
