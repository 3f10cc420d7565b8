/*
 * fuzz_imap_client.c - a hostile IMAP server against the client half; see talk_fuzz.h. The list that is kept
 * for the session is clean, too.
 */
#include "proto/imap_client.h"
#include "talk_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool harmless(struct slice said)
{
	struct slice rest = said, tag = slice_word(&rest);

	rest = slice_trim(rest);
	return tag.len == 2 && (slice_eq(rest, slice_str("CAPABILITY")) ||
		slice_eq(rest, slice_str("STARTTLS")));
}

/* Whether a line is the OK of the command under way. */
static bool success(const struct talk *t, struct slice line)
{
	const struct imap_client *c = (const struct imap_client *)(const void *)t;
	char tag[16];
	struct fmt f = fmt_on(tag, sizeof tag);

	fmt_printf(&f, "a%u ok", (unsigned)c->tag);
	return slice_starts(line, fmt_cstr(&f));
}

static bool last_part(const struct talk *t)
{
	const struct imap_client *c = (const struct imap_client *)(const void *)t;

	return t->state == IMAP_UP_AUTH || t->state == IMAP_UP_AUTH_MORE ||
		t->state == IMAP_UP_LOGIN_PASSWORD || (t->state == IMAP_UP_LOGIN && !c->literals);
}

static void check_list(const struct imap_client *c)
{
	fuzz_check(c->capability_len <= IMAP_CAPABILITY_MAX);
	for (size_t i = 0; i < c->capability_len; i++)
		fuzz_check(c->capability[i] >= 0x20 && c->capability[i] < 0x7f && c->capability[i] != ']');
	fuzz_check(c->capability_len == 0 || c->talk.sign_in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct imap_client c;
	struct fuzz f = { &c.talk, 0, false, IMAP_UP_AUTH, harmless, success, last_part };

	if (size < 1)
		return 0;
	f.choice = data[0];
	imap_client_start(&c, fuzz_security(f.choice), fuzz_sign_in(f.choice), fuzz_mechs(f.choice));
	fuzz_play(&f, data + 1, size - 1);
	check_list(&c);
	return 0;
}
