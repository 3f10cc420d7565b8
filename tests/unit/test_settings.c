/*
 * test_settings.c - the table and the values: every row's default, help and name; set, get and rewrite of
 * every setting; the whole as text and back; defaults that follow from others; lookups; secrets in files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "config/candidate.h"
#include "config/store.h"
#include "config/value.h"
#include "sim.h"

static char text[BOARD_CONFIG_TEXT], again[BOARD_CONFIG_TEXT];

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

static const struct settings *load(const char *config)
{
	struct settings_error err;

	if (settings_load(whole(config), "f", &err) != E_OK)
		fail_msg("%s", err.text);
	return settings_running();
}

static struct fmt why(void)
{
	static char room[400];

	return fmt_on(room, sizeof room);
}

/* ---- the table ---- */

static void every_row_is_found_and_helps(void **state)
{
	for (unsigned i = 0; i < settings_count; i++) {
		const struct setting *row = &settings_table[i];

		assert_ptr_equal(setting_find((enum section_type)row->section, slice_str(row->name)), row);
		assert_ptr_equal(setting_at((enum section_type)row->section, row->place), row);
		assert_true(strlen(row->help) > 3 && strlen(row->help) < 120);
		assert_true(row->kind < KIND_COUNT && row->lo <= row->hi);
		assert_true((row->kind == KIND_CHOICE) == (row->words != NULL));
		for (unsigned j = 0; j < i; j++)
			assert_false(settings_table[j].section == row->section &&
				strcmp(settings_table[j].name, row->name) == 0);
	}
	for (int t = 0; t < SECTION_TYPES; t++) {
		assert_int_equal(section_find(slice_str(settings_sections[t].name)), t);
		assert_true(strlen(section_type_help((enum section_type)t)) > 10);
		assert_true(settings_sections[t].max >= 1);
	}
	assert_true(settings_count > 80);
}

static void every_default_parses_and_prints_identically(void **state)
{
	struct settings *s = settings_candidate();
	char printed[VALUE_MAX];

	for (unsigned i = 0; i < settings_count; i++) {
		const struct setting *row = &settings_table[i];
		struct fmt f = fmt_on(printed, sizeof printed), w = why();
		int at;

		instance_clear(s);
		at = section_add(s, (enum section_type)row->section, slice_str("x"), &w);
		assert_int_equal(at, 0);
		assert_false(value_given(row, section_of(s, (enum section_type)row->section, 0)));
		value_put(s, row, section_of(s, (enum section_type)row->section, 0), &f);
		assert_string_equal(fmt_cstr(&f), row->def);
	}
}

/* Two good values of each kind, as they print. */
static const char *const good[KIND_COUNT][2] = {
	[KIND_TEXT] = { "it's", "Gr\xc3\xbc\xc3\x9f \"x\"" }, [KIND_NAME] = { "mail-1", "a.b" },
	[KIND_REFERENCE] = { "office", "x_1" }, [KIND_HOST] = { "mail.example.com", "10.0.0.1" },
	[KIND_ADDRESS] = { "a+b@example.com", "x@y.z" }, [KIND_PATTERN] = { "*@example.com", "?x*" },
	[KIND_PATH] = { "/a b/c", "relative" }, [KIND_LOG] = { "syslog", "udp://[fd00::1]:514" },
	[KIND_PASSWORD] = { " #'\"\\ ", "p" }, [KIND_BOOL] = { "1", "0" },
	[KIND_PORT] = { "1", "65535" }, [KIND_NUMBER] = { "20", "33" },
	[KIND_SIZE] = { "100M", "65537" }, [KIND_DURATION] = { "3h", "90m" },
	[KIND_DAYS] = { "7", "forever" }, [KIND_RATE] = { "30/m", "1/d" },
	[KIND_IP] = { "10.1.2.3", "fe80::1" }, [KIND_NET] = { "10.0.0.0/8", "2001:db8::/32" },
	[KIND_BOARD_NET] = { "192.168.1.2/24", "dhcp" },
	[KIND_LIST_IP] = { "0.0.0.0", "::1" }, [KIND_LIST_NET] = { "0.0.0.0/0", "fd00::/8" },
	[KIND_LIST_SERVER] = { "1.1.1.1", "1.1.1.1#5353" }, [KIND_LIST_HOST] = { "a.lan", "::1" },
	[KIND_LIST_DOMAIN] = { "example.com", "x" },
	[KIND_LIST_PIN] = { "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" },
};

/* Two values of each kind that are refused. */
static const char *const bad[KIND_COUNT][4] = {
	[KIND_TEXT] = { "a\nb", "\x7f" }, [KIND_NAME] = { "a b", "a/b" },
	[KIND_REFERENCE] = { "Office", "a-b", "a.b" },
	[KIND_HOST] = { "a..b", "-a.b", "10.0.0.300", "[::1]" },
	[KIND_ADDRESS] = { "a@", "a b@c.d", "a@b@c.d", "<a@b.c>" },
	[KIND_PATTERN] = { "\t*", "\r" }, [KIND_PATH] = { "/a\nb", "\x01" },
	[KIND_LOG] = { "udp://x:1", "udp://fd00::1:514", "udp://1.2.3.4:0", "stdout" },
	[KIND_PASSWORD] = { "<hidden>", "a\nb" }, [KIND_BOOL] = { "2", "yes", "true", "-1" },
	[KIND_PORT] = { "0", "65536", "25x", "-1" }, [KIND_NUMBER] = { "0", "1.5", "99999999999999999999" },
	[KIND_SIZE] = { "50MB", "M", "1", "99999999999999999999G" },
	[KIND_DURATION] = { "300", "5x", "d", "1s" }, [KIND_DAYS] = { "-1", "5d", "never" },
	[KIND_RATE] = { "30", "30/x", "/m", "0/m" },
	[KIND_IP] = { "1.2.3", "010.0.0.1", "fe80::1%1", "[::1]" },
	[KIND_NET] = { "10.0.0.1/8", "10.0.0.0/33", "::/129", "10.0.0.0/" },
	[KIND_BOARD_NET] = { "192.168.1.2", "192.168.1.2/33", "DHCP", "/24" },
	[KIND_LIST_IP] = { "1.2.3.4/24", "a.b" }, [KIND_LIST_NET] = { "192.168.1.1/24", "all" },
	[KIND_LIST_SERVER] = { "dns.example.com", "1.1.1.1#0", "1.1.1.1#65536" },
	[KIND_LIST_HOST] = { "a b", "*.lan" }, [KIND_LIST_DOMAIN] = { "*.com", "*", "@x.y", "10.0.0.1" },
	[KIND_LIST_PIN] = { "sha256/AAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
};

static void check_value(struct settings *s, const struct setting *row, const char *value)
{
	enum section_type type = (enum section_type)row->section;
	char printed[VALUE_MAX];
	struct fmt f = fmt_on(printed, sizeof printed), w = why();

	if (value_set(s, row, section_at(s, type, 0), slice_str(value), &w) != E_OK)
		fail_msg("%s.%s = %s: %s", settings_sections[type].name, row->name, value, fmt_cstr(&w));
	assert_true(value_given(row, section_of(s, type, 0)));
	value_put(s, row, section_of(s, type, 0), &f);
	assert_string_equal(fmt_cstr(&f), value);
}

/* Set, get, export, read again, get: for every setting. */
static void every_setting_is_set_read_and_rewritten(void **state)
{
	struct settings *s = settings_candidate();

	for (unsigned i = 0; i < settings_count; i++) {
		const struct setting *row = &settings_table[i];
		enum section_type type = (enum section_type)row->section;
		unsigned values = row->kind == KIND_CHOICE ? row->word_count : 2;

		for (unsigned v = 0; v < values; v++) {
			const char *value = row->words != NULL ? row->words[v] : good[row->kind][v];
			struct settings_error err;
			struct fmt w = why();
			int len;

			instance_clear(s);
			(void)section_add(s, type, slice_str(type == SECTION_route ? "" : "x"), &w);
			check_value(s, row, value);
			len = settings_text_make(s, text, sizeof text);
			assert_true(len > 0);
			if (settings_read(settings_spare(), slice_of(text, (size_t)len), NULL, "f", &err) != E_OK)
				fail_msg("%s", err.text);
			assert_true(value_same(row, s, section_of(s, type, 0), settings_spare(),
				section_of(settings_spare(), type, 0)));
			assert_int_equal(settings_text_make(settings_spare(), again, sizeof again), len);
			assert_memory_equal(text, again, (size_t)len);
			value_unset(s, row, section_at(s, type, 0));
			assert_false(value_given(row, section_of(s, type, 0)));
		}
	}
}

static void every_kind_refuses_what_is_none(void **state)
{
	struct settings *s = settings_candidate();

	for (unsigned i = 0; i < settings_count; i++) {
		const struct setting *row = &settings_table[i];
		enum section_type type = (enum section_type)row->section;
		struct fmt w = why();

		instance_clear(s);
		(void)section_add(s, type, (struct slice){ NULL, 0 }, &w);
		for (unsigned v = 0; v < 4 && bad[row->kind][v] != NULL; v++) {
			w = why();
			if (row->kind == KIND_NUMBER && row->lo == 0)
				continue;
			if (value_set(s, row, section_at(s, type, 0), slice_str(bad[row->kind][v]), &w) != E_ARG)
				fail_msg("%s.%s takes %s", settings_sections[type].name, row->name, bad[row->kind][v]);
			assert_memory_equal(w.p, row->name, strlen(row->name));
			assert_false(value_given(row, section_of(s, type, 0)));
		}
	}
}

static void secrets_never_stand_in_a_sentence(void **state)
{
	struct settings *s = settings_candidate();
	struct fmt w = why();
	const struct setting *row = setting_find(SECTION_user, slice_str("password"));

	instance_clear(s);
	(void)section_add(s, SECTION_user, slice_str("x"), &w);
	assert_int_equal(value_set(s, row, section_at(s, SECTION_user, 0), slice_str("canary\n"), &w), E_ARG);
	assert_null(strstr(fmt_cstr(&w), "canary"));
}

static void bounds_of_numbers(void **state)
{
	struct settings *s = settings_candidate();

	for (unsigned i = 0; i < settings_count; i++) {
		const struct setting *row = &settings_table[i];
		enum section_type type = (enum section_type)row->section;
		char value[32];

		if (row->kind != KIND_NUMBER && row->kind != KIND_PORT)
			continue;
		for (int at = 0; at < 4; at++) {
			uint64_t v = at == 0 ? row->lo : at == 1 ? row->hi : at == 2 ? row->lo - 1 : row->hi + 1;
			struct fmt f = fmt_on(value, sizeof value), w = why();

			instance_clear(s);
			(void)section_add(s, type, slice_str("x"), &w);
			fmt_u64(&f, v);
			assert_int_equal(value_set(s, row, section_at(s, type, 0), fmt_result(&f), &w),
				at < 2 ? E_OK : E_ARG);
		}
	}
}

/* ---- names ---- */

static void nearest_names(void **state)
{
	static const struct {
		const char *wrong, *right;
	} cases[] = {
		{ "smtp_prt", "smtp_port" }, { "smtp_prot", "smtp_port" }, { "smptp_host", "smtp_host" },
		{ "pasword", "password" }, { "Password", "password" }, { "adress", "address" },
		{ "username_", "username" }, { "user", NULL }, { "zzzzz", NULL }, { "", NULL },
		{ "a_name_that_is_longer_than_every_name_of_this_table", NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *found = name_nearest(slice_str(cases[i].wrong), name_of_option,
			&settings_sections[SECTION_account]);

		if (cases[i].right == NULL)
			assert_null(found);
		else
			assert_string_equal(found, cases[i].right);
	}
	assert_string_equal(name_nearest(slice_str("listner"), name_of_type, NULL), "listener");
	assert_string_equal(name_nearest(slice_str("requierd"), name_of_word,
		setting_find(SECTION_listener, slice_str("auth"))), "required");
}

/* ---- the whole ---- */

#define ACCOUNT "config account 'a'\n option provider 'generic'\n option smtp_host 'mx.test'\n" \
	" option address 'a@b.c'\n option password 'secret'\n"

static void defaults_without_any_text(void **state)
{
	const struct settings *s = settings_running();

	assert_int_equal(s->listener_count + s->account_count + s->user_count, 0);
	assert_string_equal(settings_text(s, s->gateway->state), "/etc/mailwicket");
	assert_int_equal(s->gateway->max_message, 50u << 20);
	assert_int_equal(s->gateway->log_level, CFG_LOG_INFO);
	assert_int_equal(settings_generation(), 0);
	(void)load("");
	assert_int_equal(settings_generation(), 1);
}

static void presets_fill_what_was_not_given(void **state)
{
	const struct settings *s = load("config account 'g'\n option provider 'gmail'\n"
		" option address 'me@gmail.com'\n option password 'x'\n"
		"config account 'm'\n option provider 'microsoft365'\n option username 'me@corp.example'\n"
		" option password 'x'\n option rate '5/s'\n"
		"config account 'o'\n option provider 'outlook'\n option smtp_host 'SMTP.live.com'\n"
		" option address 'a@b.c'\n option password 'x'\n");
	const struct cfg_account *a = &s->account[0];

	assert_string_equal(settings_text(s, a->smtp_host), "smtp.gmail.com");
	assert_int_equal(a->smtp_port, 465);
	assert_int_equal(a->smtp_tls, CFG_TLS_IMPLICIT);
	assert_string_equal(settings_text(s, a->pop3_host), "pop.gmail.com");
	assert_string_equal(settings_text(s, a->username), "me@gmail.com");
	a = &s->account[1];
	assert_int_equal(a->smtp_port, 587);
	assert_int_equal(a->smtp_tls, CFG_TLS_STARTTLS);
	assert_int_equal(a->max_connections, 3);
	assert_int_equal(a->rate.count, 5);
	assert_int_equal(a->rate.per_s, 1);
	assert_string_equal(settings_text(s, a->address), "me@corp.example");
	assert_string_equal(settings_text(s, s->account[2].smtp_host), "smtp-mail.outlook.com");
}

static void ports_follow_from_tls_and_tls_from_ports(void **state)
{
	static const struct {
		const char *given;
		uint16_t port;
		uint8_t tls;
	} cases[] = {
		{ "", 587, CFG_TLS_STARTTLS },
		{ " option smtp_port '465'\n", 465, CFG_TLS_IMPLICIT },
		{ " option smtp_port '2525'\n", 2525, CFG_TLS_STARTTLS },
		{ " option smtp_tls 'implicit'\n", 465, CFG_TLS_IMPLICIT },
		{ " option smtp_tls 'off'\n", 25, CFG_TLS_OFF },
		{ " option smtp_tls 'starttls'\n option smtp_port '465'\n", 465, CFG_TLS_STARTTLS },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fmt f = fmt_on(text, sizeof text);
		const struct settings *s;

		fmt_printf(&f, "%s%s", ACCOUNT, cases[i].given);
		s = load(fmt_cstr(&f));
		assert_int_equal(s->account[0].smtp_port, cases[i].port);
		assert_int_equal(s->account[0].smtp_tls, cases[i].tls);
	}
}

static void listeners_fill_port_and_plain_auth(void **state)
{
	const struct settings *s = load("config listener 'a'\n option protocol 'smtp'\n"
		"config listener 'b'\n option protocol 'smtp'\n option tls 'implicit'\n"
		"config listener 'c'\n option protocol 'smtp'\n option tls 'detect'\n option port '26'\n"
		" option plain_auth '1'\n");

	assert_int_equal(s->listener[0].port, 25);
	assert_int_equal(s->listener[0].plain_auth, 1);
	assert_int_equal(s->listener[0].tls_min, CFG_TLS_MIN_1_2);
	assert_int_equal(s->listener[0].auth, CFG_LISTENER_AUTH_OPTIONAL);
	assert_int_equal(s->listener[1].port, 465);
	assert_int_equal(s->listener[1].plain_auth, 0);
	assert_int_equal(s->listener[2].plain_auth, 1);
}

static void allow_by_default_is_the_owners_networks(void **state)
{
	static const struct {
		const char *ip;
		bool in;
	} cases[] = {
		{ "127.0.0.1", true }, { "127.255.255.255", true }, { "10.9.8.7", true },
		{ "172.16.0.1", true }, { "172.31.255.255", true }, { "172.32.0.0", false },
		{ "172.15.255.255", false }, { "192.168.0.1", true }, { "192.169.0.1", false },
		{ "169.254.1.1", true }, { "100.64.0.1", false }, { "8.8.8.8", false }, { "0.0.0.0", false },
		{ "::1", true }, { "fe80::1", true }, { "fec0::1", false }, { "fd12::1", true },
		{ "2001:db8::1", false }, { "::", false }, { "::ffff:8.8.8.8", false },
	};
	const struct settings *s = load("config listener 'a'\n option protocol 'smtp'\n");

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct port_addr a = sim_addr(cases[i].ip, 1);

		if (settings_allows(s, &s->listener[0], a.ip) != cases[i].in)
			fail_msg("%s", cases[i].ip);
	}
	s = load("config listener 'a'\n option protocol 'smtp'\n list allow '10.1.0.0/16'\n"
		" list allow 'fd00::5'\n");
	assert_true(settings_allows(s, &s->listener[0], sim_addr("10.1.255.9", 1).ip));
	assert_false(settings_allows(s, &s->listener[0], sim_addr("10.2.0.1", 1).ip));
	assert_true(settings_allows(s, &s->listener[0], sim_addr("fd00::5", 1).ip));
	assert_false(settings_allows(s, &s->listener[0], sim_addr("127.0.0.1", 1).ip));
}

static void users_and_domains_are_found_case_blind(void **state)
{
	const struct settings *s = load(ACCOUNT "config user 'printer'\n option name 'Printer@lan'\n"
		" option password 'p'\nconfig user 'scan'\n option password 's'\n"
		"config account 'c'\n option smtp_host 'x.y'\n option login 'client'\n"
		" list domain 'Example.com'\n list domain 'b.example'\n");

	assert_ptr_equal(settings_user(s, slice_str("printer@LAN")), &s->user[0]);
	assert_null(settings_user(s, slice_str("printer")));
	assert_ptr_equal(settings_user(s, slice_str("SCAN")), &s->user[1]);
	assert_null(settings_user(s, slice_str("")));
	assert_ptr_equal(settings_account_of_domain(s, slice_str("a@b@example.COM")), &s->account[1]);
	assert_ptr_equal(settings_account_of_domain(s, slice_str("x@b.example")), &s->account[1]);
	assert_null(settings_account_of_domain(s, slice_str("x@c.example")));
	assert_null(settings_account_of_domain(s, slice_str("@example.com")));
	assert_null(settings_account_of_domain(s, slice_str("example.com")));
	assert_null(settings_account_of_domain(s, slice_str("x@")));
	assert_ptr_equal(settings_account(s, "c"), &s->account[1]);
	assert_null(settings_account(s, ""));
	assert_null(settings_account(s, "nobody"));
}

static void a_whole_configuration_round_trips(void **state)
{
	static const char config[] =
		"config gateway 'main'\n\toption hostname 'gw.lan'\n\toption account 'a'\n"
		"\tlist dns '1.1.1.1'\n\tlist dns '9.9.9.9#5353'\n\n"
		"config listener 'scan'\n\toption protocol 'smtp'\n\tlist address '127.0.0.1'\n"
		"\toption port '2525'\n\n"
		"config account 'a'\n\toption address 'a@b.c'\n\toption password 'it'\\''s \"#\\ ok'\n"
		"\toption smtp_host 'mx.test'\n\n"
		"config user 'printer'\n\toption password 'p'\n\n"
		"config route\n\toption client '192.168.1.40'\n\toption account 'a'\n\n"
		"config route\n\toption sender '*@x.y'\n\toption action 'reject'\n";
	const struct settings *s = load(config);
	int len = settings_text_make(s, text, sizeof text);

	assert_int_equal(len, strlen(config));
	assert_memory_equal(text, config, (size_t)len);
	assert_int_equal(instance_copy(settings_spare(), s), E_OK);
	assert_int_equal(settings_text_make(settings_spare(), again, sizeof again), len);
	assert_memory_equal(text, again, (size_t)len);
}

static void hidden_secrets_in_text(void **state)
{
	const struct settings *s = load(ACCOUNT);
	struct cfg_cursor at = { 0, 0, 0, 0, 0 };
	struct fmt f = fmt_on(text, sizeof text);

	while (settings_write(s, &at, false, &f) == E_MORE)
		continue;
	fmt_cstr(&f);
	assert_non_null(strstr(text, "option password '<hidden>'\n"));
	assert_null(strstr(text, "secret"));
}

/* ---- loading ---- */

static void a_failed_load_changes_nothing_A82(void **state)
{
	const struct settings *s = load(ACCOUNT);
	struct settings_error err;

	assert_int_equal(settings_load(slice_str("config listener 'x'\n"), "f", &err), E_ARG);
	assert_int_equal(settings_load(slice_str("config user 'x'\n option password ''\n"), "f", &err), E_ARG);
	assert_ptr_equal(settings_running(), s);
	assert_int_equal(settings_generation(), 1);
	assert_string_equal(settings_text(s, s->account[0].password), "secret");
}

static void secrets_from_files_A37(void **state)
{
	static const char config[] = "config account 'a'\n option smtp_host 'mx.test'\n"
		" option address 'a@b.c'\n option password_file '/run/pw'\n";
	struct settings_error err;
	const struct settings *s;

	sim_file_set("/run/pw", "from file\r\nsecond line\n", 23);
	s = load(config);
	assert_string_equal(settings_text(s, s->account[0].password), "from file");
	assert_true(settings_text_make(s, text, sizeof text) > 0);
	assert_null(strstr(text, "from file"));
	sim_file_mode("/run/pw", PORT_FILE_OTHERS_READ, true);
	assert_int_equal(settings_load(whole(config), "f", &err), E_ARG);
	assert_string_equal(err.text,
		"f:4: account 'a': password_file '/run/pw' is open to others; `chmod 600` it");
	sim_file_mode("/run/pw", 0, false);
	assert_int_equal(settings_load(whole(config), "f", &err), E_ARG);
	assert_non_null(strstr(err.text, "f:4: account 'a': password_file '/run/pw' may not be read"));
	sim_file_mode("/run/pw", 0, true);
	sim_file_set("/run/pw", "\n", 1);
	assert_int_equal(settings_load(whole(config), "f", &err), E_ARG);
	assert_string_equal(err.text, "f:4: account 'a': the first line of '/run/pw' is empty");
	sim_file_set("/run/pw", NULL, 0);
	assert_int_equal(settings_load(whole(config), "f", &err), E_ARG);
	assert_string_equal(err.text, "f:4: account 'a': password_file '/run/pw' is not there");
}

/* DECISIONS 16: what a file says is a clear password, whatever it looks like. */
static void a_password_from_a_file_is_never_a_verifier(void **state)
{
	char verifier[CRYPTO_VERIFIER_MAX];
	const struct settings *s;

	assert_int_equal(crypto_verifier_make("x", 1, verifier, sizeof verifier), E_OK);
	sim_file_set("/run/pw", verifier, strlen(verifier));
	s = load("config user 'u'\n option password_file '/run/pw'\n");
	assert_string_equal(settings_text(s, s->user[0].password), verifier);
	assert_false(settings_user_hashed(s, &s->user[0]));
}

static void the_file_itself_is_nobody_elses_A37(void **state)
{
	static const char secret[] = "config gateway\nconfig user 'u'\n option password 'x'\n",
		open_text[] = "config gateway\n";
	struct settings_error err;

	sim_file_set("/etc/mw", secret, sizeof secret - 1);
	assert_int_equal(settings_load_file("/etc/mw", &err), E_OK);
	assert_string_equal(settings_path(), "/etc/mw");
	sim_file_mode("/etc/mw", PORT_FILE_OTHERS_READ, true);
	assert_int_equal(settings_load_file("/etc/mw", &err), E_ARG);
	assert_string_equal(err.text,
		"/etc/mw: others may read this file and it holds passwords; `chmod 600` it");
	sim_file_set("/etc/mw", open_text, sizeof open_text - 1);
	sim_file_mode("/etc/mw", PORT_FILE_OTHERS_READ, true);
	assert_int_equal(settings_load_file("/etc/mw", &err), E_OK);
	sim_file_mode("/etc/mw", PORT_FILE_OTHERS_WRITE, true);
	assert_int_equal(settings_load_file("/etc/mw", &err), E_ARG);
	assert_string_equal(err.text, "/etc/mw: others may write this file; `chmod go-w` it");
	assert_int_equal(settings_load_file("/none", &err), E_ARG);
	assert_string_equal(err.text, "/none: there is no such file");
	assert_string_equal(settings_path(), "/etc/mw");
}

static void checking_a_file_makes_nothing_run(void **state)
{
	static const char config[] = "config gateway\nconfig user 'u'\n option password 'x'\n";
	struct settings_error err;
	const struct settings *s;

	sim_file_set("/etc/mw", config, sizeof config - 1);
	assert_int_equal(settings_check_file("/etc/mw", &err, &s), E_OK);
	assert_int_equal(s->user_count, 1);
	assert_int_equal(settings_running()->user_count, 0);
	assert_int_equal(settings_generation(), 0);
}

/* The arena and the arrays end in words, not in damage. */
static void a_configuration_that_is_too_large_is_refused(void **state)
{
	struct fmt f = fmt_on(text, sizeof text);
	struct settings_error err;

	for (unsigned i = 0; i <= BOARD_CONFIG_SECTIONS && !f.over; i++)
		fmt_str(&f, "config route\noption action 'reject'\n");
	assert_int_equal(settings_load(fmt_result(&f), "f", &err), E_ARG);
	assert_non_null(strstr(err.text, "too many route sections, at most 256"));
	assert_int_equal(err.line, 2 * BOARD_CONFIG_SECTIONS + 1);
	f = fmt_on(text, sizeof text);
	fmt_str(&f, "config account 'c'\n");
	for (unsigned i = 0; i <= SETTINGS_ITEMS; i++)
		fmt_printf(&f, "list domain 'd%u.example'\n", i);
	assert_false(f.over);
	assert_int_equal(settings_load(fmt_result(&f), "f", &err), E_ARG);
	assert_non_null(strstr(err.text, "too many list elements in all"));
	assert_int_equal(err.line, SETTINGS_ITEMS + 2);
}

static void secrets_leave_memory_with_their_instance(void **state)
{
	struct settings *s;

	(void)load(ACCOUNT);
	s = settings_spare();
	(void)load("");
	assert_ptr_not_equal(settings_spare(), s);
	for (size_t i = 0; i + 6 < sizeof s->text; i++)
		assert_memory_not_equal(settings_spare()->text + i, "secret", 6);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_row_is_found_and_helps, setup),
		cmocka_unit_test_setup(every_default_parses_and_prints_identically, setup),
		cmocka_unit_test_setup(every_setting_is_set_read_and_rewritten, setup),
		cmocka_unit_test_setup(every_kind_refuses_what_is_none, setup),
		cmocka_unit_test_setup(secrets_never_stand_in_a_sentence, setup),
		cmocka_unit_test_setup(bounds_of_numbers, setup),
		cmocka_unit_test_setup(nearest_names, setup),
		cmocka_unit_test_setup(defaults_without_any_text, setup),
		cmocka_unit_test_setup(presets_fill_what_was_not_given, setup),
		cmocka_unit_test_setup(ports_follow_from_tls_and_tls_from_ports, setup),
		cmocka_unit_test_setup(listeners_fill_port_and_plain_auth, setup),
		cmocka_unit_test_setup(allow_by_default_is_the_owners_networks, setup),
		cmocka_unit_test_setup(users_and_domains_are_found_case_blind, setup),
		cmocka_unit_test_setup(a_whole_configuration_round_trips, setup),
		cmocka_unit_test_setup(hidden_secrets_in_text, setup),
		cmocka_unit_test_setup(a_failed_load_changes_nothing_A82, setup),
		cmocka_unit_test_setup(secrets_from_files_A37, setup),
		cmocka_unit_test_setup(a_password_from_a_file_is_never_a_verifier, setup),
		cmocka_unit_test_setup(the_file_itself_is_nobody_elses_A37, setup),
		cmocka_unit_test_setup(checking_a_file_makes_nothing_run, setup),
		cmocka_unit_test_setup(a_configuration_that_is_too_large_is_refused, setup),
		cmocka_unit_test_setup(secrets_leave_memory_with_their_instance, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
