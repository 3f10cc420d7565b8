/*
 * test_presets.c - every provider of CONFIG.md has a row that can be used, and old names lead somewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "account/presets.h"
#include "config/table.h"
#include "config/value.h"

static void names_are_those_of_the_contract(void **state)
{
	static const char *const names[] = { "gmail", "outlook", "hotmail", "microsoft365", "yahoo", "aol",
		"zoho", "icloud", "fastmail", "haravan", "hostvn", "generic" };
	const struct setting *row = setting_find(SECTION_account, slice_str("provider"));

	assert_int_equal(row->word_count, sizeof names / sizeof names[0]);
	for (unsigned i = 0; i < row->word_count; i++)
		assert_string_equal(row->words[i], names[i]);
}

static void server_good(const struct preset_server *s, uint16_t implicit, uint16_t starttls)
{
	if (s->host == NULL)
		return;
	assert_true(kind_text_good(KIND_HOST, slice_str(s->host)));
	assert_true(s->tls == CFG_TLS_IMPLICIT || s->tls == CFG_TLS_STARTTLS);
	assert_int_equal(s->port, s->tls == CFG_TLS_IMPLICIT ? implicit : starttls);
}

static void every_row_is_sound(void **state)
{
	for (uint8_t i = 0; i < CFG_provider_COUNT; i++) {
		const struct preset *p = preset_of(i);

		assert_int_equal(p->smtp.host == NULL, i == CFG_PROVIDER_GENERIC);
		assert_int_equal(p->pop3.host == NULL, i == CFG_PROVIDER_GENERIC || i == CFG_PROVIDER_ICLOUD);
		server_good(&p->smtp, 465, 587);
		server_good(&p->imap, 993, 143);
		server_good(&p->pop3, 995, 110);
		assert_int_equal(p->rate == 0, p->rate_s == 0);
		assert_true(strlen(p->credentials) > 5);
	}
	assert_ptr_equal(preset_of(CFG_UNSET_WORD), preset_of(CFG_PROVIDER_GENERIC));
}

/* interop.md 1: starttls only. */
static void microsoft_speaks_starttls_only(void **state)
{
	static const uint8_t microsoft[] = { CFG_PROVIDER_OUTLOOK, CFG_PROVIDER_HOTMAIL,
		CFG_PROVIDER_MICROSOFT365, CFG_PROVIDER_ICLOUD };

	for (size_t i = 0; i < sizeof microsoft; i++)
		assert_int_equal(preset_of(microsoft[i])->smtp.tls, CFG_TLS_STARTTLS);
	assert_string_equal(preset_of(CFG_PROVIDER_MICROSOFT365)->smtp.host, "smtp.office365.com");
	assert_string_equal(preset_of(CFG_PROVIDER_HOTMAIL)->smtp.host, "smtp-mail.outlook.com");
}

static void old_hosts_lead_to_todays(void **state)
{
	assert_string_equal(preset_host_today("smtp.live.com"), "smtp-mail.outlook.com");
	assert_string_equal(preset_host_today("POP3.LIVE.COM"), "outlook.office365.com");
	assert_string_equal(preset_host_today("pop-mail.outlook.com"), "outlook.office365.com");
	assert_null(preset_host_today("smtp-mail.outlook.com"));
	assert_null(preset_host_today(""));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_the_contract),
		cmocka_unit_test(every_row_is_sound),
		cmocka_unit_test(microsoft_speaks_starttls_only),
		cmocka_unit_test(old_hosts_lead_to_todays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
