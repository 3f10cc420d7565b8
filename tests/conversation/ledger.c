/*
 * ledger.c - what must hold of every IMAP and POP3 session in every mode, read from the bytes that
 * the far ends really said and got.
 *
 * A connection's lines are looked at until it is signed in: at a client by the tagged OK to a
 * sign-in (IMAP), by a +OK that is none of the gateway's others (POP3); at a provider by its own OK
 * to the gateway's sign-in. From there on bytes are kept, and compared at the end.
 */
#include <ctype.h>

#include "conv.h"

enum { LEDGERS = 64, LINE = 4200, KEPT = 1 << 17, TAGS = 12, TAG = 80 };

static struct ledger {
	bool client, signed_in;
	bool signing, waiting;         /* provider: a sign-in came; it is the provider's turn */
	int tags;
	char tag[TAGS][TAG];           /* of sign-ins, "a2 " */
	char in[LINE], out[LINE];      /* lines under way */
	size_t in_len, out_len;
	uint8_t said[KEPT], got[KEPT]; /* provider said: behind its OK; client said: everything */
	size_t said_len, got_len;
} ledgers[LEDGERS];

static int used, told, taken;

void ledgers_reset(void) { used = told = taken = 0; }

int ledger_open(bool of_client)
{
	struct ledger *l = &ledgers[used];

	if (used == LEDGERS) {
		play_fail("too many connections for the ledgers");
		return -1;
	}
	l->client = of_client;
	l->signed_in = l->signing = l->waiting = false;
	l->tags = 0;
	l->in_len = l->out_len = l->said_len = l->got_len = 0;
	return used++;
}

static void keep(uint8_t *log, size_t *len, const uint8_t *bytes, size_t n)
{
	if (n > KEPT - *len)
		n = KEPT - *len;
	memcpy(log + *len, bytes, n);
	*len += n;
}

/* ---- words that must not be seen ---- */

static bool holds(const char *text, size_t len, const char *word, size_t n)
{
	for (size_t i = 0; i + n <= len; i++)
		if (memcmp(text + i, word, n) == 0)
			return true;
	return false;
}

/* In clear, or in base64 at any of the three places it may begin at. */
static bool holds_secret(const char *text, size_t len, const char *secret)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = strlen(secret);

	if (holds(text, len, secret, n))
		return true;
	for (size_t shift = 0; shift < 3; shift++) {
		char coded[100];
		size_t used_chars = 0;

		for (size_t bit = (shift * 8 + 5) / 6 * 6; bit + 6 <= (shift + n) * 8; bit += 6) {
			unsigned value = 0;

			for (size_t k = bit; k < bit + 6; k++)
				value = value << 1 | ((unsigned char)secret[k / 8 - shift] >> (7 - k % 8) & 1);
			coded[used_chars++] = digits[value];
		}
		if (holds(text, len, coded, used_chars))
			return true;
	}
	return false;
}

static void check_words(const struct ledger *l, const char *who, const char *text, size_t len)
{
	if (holds_secret(text, len, l->client ? PROVIDER_PASSWORD : LOCAL_PASSWORD))
		play_fail("%s got a password of the other side: %.*s", who, (int)len, text);
	if (l->client && !l->signed_in && holds(text, len, "hop.test", 8))
		play_fail("%s got what the provider said before it was signed in: %.*s", who, (int)len,
			text);
}

/* ---- lines before the sign-in ---- */

static bool starts(const char *line, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i < n; i++)
		if (toupper((unsigned char)line[i]) != word[i])
			return false;
	return line[n] == ' ' || line[n] == '\r' || line[n] == '\0';
}

/* Whether the line asks to sign in; IMAP: its tag is remembered. */
static bool is_sign_in(struct ledger *l, const char *line)
{
	size_t n = strcspn(line, " \r\n");
	const char *verb = line + n + strspn(line + n, " ");

	if (script.protocol == POP3)
		return starts(line, "PASS") || starts(line, "AUTH");
	if (!starts(verb, "LOGIN") && !starts(verb, "AUTHENTICATE"))
		return false;
	if (l->tags < TAGS && n + 2 < TAG)
		snprintf(l->tag[l->tags++], TAG, "%.*s ", (int)n, line);
	return true;
}

/* "TAG OK" to a tag that is known. */
static bool is_tagged_ok(const struct ledger *l, const char *line)
{
	for (int i = 0; i < l->tags; i++) {
		size_t n = strlen(l->tag[i]);

		if (strncmp(line, l->tag[i], n) == 0 && starts(line + n, "OK"))
			return true;
	}
	return false;
}

/* A +OK that tells more than what is said without a sign-in. */
static bool is_other_ok(const char *line)
{
	static const char *const known[] = {
		"+OK gateway.test Mailwicket", "+OK Nothing done", "+OK Capabilities follow",
		"+OK Now the password", "+OK Ready to start TLS", "+OK Goodbye"
	};

	if (!starts(line, "+OK"))
		return false;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (starts(line, "+OK") && strncmp(line, known[i], strlen(known[i])) == 0)
			return false;
	return true;
}

static void client_got(struct ledger *l, const char *who, const char *line, size_t len)
{
	check_words(l, who, line, len);
	if (script.protocol == POP3 ? !is_other_ok(line) : !is_tagged_ok(l, line))
		return;
	l->signed_in = true;
	if (++told > taken)
		play_fail("%s was told to be signed in without the provider's OK: %s", who, line);
}

static void provider_got(struct ledger *l, const char *who, const char *line, size_t len)
{
	check_words(l, who, line, len);
	if (l->signing && l->waiting)
		play_fail("%s got a line before it had said its OK: %s", who, line);
	if (!l->signing)
		l->signing = is_sign_in(l, line);
	l->waiting = l->signing;
}

static void provider_said(struct ledger *l, const char *who, const char *line)
{
	const char *word = line + strcspn(line, " ");

	if (!l->signing)
		return;
	if (line[0] == '+' && strncmp(line, "+OK", 3) != 0) {
		l->waiting = false;
		return;
	}
	if (script.protocol == POP3 ? starts(line, "+OK") : is_tagged_ok(l, line)) {
		l->signed_in = true;
		taken++;
		if (l->in_len > 0 || !l->waiting)
			play_fail("%s got bytes before it had said its OK", who);
	} else if (line[0] != '*' && word[0] != '\0') {
		l->signing = false;
	}
}

/* Takes bytes up to a line end; how many. */
static size_t gather(char *line, size_t *len, const uint8_t *bytes, size_t n)
{
	const uint8_t *end = memchr(bytes, '\n', n);
	size_t take = end == NULL ? n : (size_t)(end - bytes) + 1;

	for (size_t i = 0; i < take && *len < LINE - 1; i++)
		line[(*len)++] = (char)bytes[i];
	line[*len] = '\0';
	return take;
}

void ledger_in(int number, const char *who, const uint8_t *bytes, size_t len)
{
	struct ledger *l = &ledgers[number < 0 ? 0 : number];

	if (number < 0)
		return;
	while (len > 0 && !l->signed_in) {
		size_t n = gather(l->in, &l->in_len, bytes, len);

		bytes += n;
		len -= n;
		if (bytes[-1] == '\n') {
			(l->client ? client_got : provider_got)(l, who, l->in, l->in_len);
			l->in_len = 0;
		}
	}
	keep(l->got, &l->got_len, bytes, len);
}

void ledger_out(int number, const char *who, const uint8_t *bytes, size_t len)
{
	struct ledger *l = &ledgers[number < 0 ? 0 : number];

	if (number < 0)
		return;
	if (l->client)
		keep(l->said, &l->said_len, bytes, len);
	while (len > 0 && !l->signed_in) {
		size_t n = gather(l->out, &l->out_len, bytes, len);

		bytes += n;
		len -= n;
		if (bytes[-1] != '\n')
			continue;
		if (l->client)
			is_sign_in(l, l->out);
		else
			provider_said(l, who, l->out);
		l->out_len = 0;
	}
	if (!l->client)
		keep(l->said, &l->said_len, bytes, len);
}

/* ---- both sides together ---- */

/* Whether what `l` got is what `from` said: from the beginning, or behind one of its lines. */
static bool is_from(const struct ledger *l, const struct ledger *from)
{
	for (size_t at = 0; at + l->got_len <= from->said_len; at++) {
		if (at > 0 && !l->client && from->said[at - 1] != '\n')
			continue;
		if (memcmp(l->got, from->said + at, l->got_len) == 0)
			return true;
		if (l->client)
			return false;
	}
	return false;
}

static void check_pipe(const struct ledger *l)
{
	bool found = l->got_len == 0;

	for (int i = 0; i < used && !found; i++)
		found = ledgers[i].client != l->client && (l->client ? ledgers[i].signed_in : true) &&
			is_from(l, &ledgers[i]);
	if (!found)
		play_fail("a %s got what the other side did not say so: \"%.*s\"",
			l->client ? "client" : "provider", (int)(l->got_len < 200 ? l->got_len : 200),
			(const char *)l->got);
}

static void check_log_secrets(void)
{
	static const char *const secrets[] = { PROVIDER_PASSWORD, LOCAL_PASSWORD, CLIENT_PASSWORD };
	enum port_level level;

	for (int i = 0; i < sim_log_count() && i < SIM_LOG_LINES; i++)
		for (int k = 0; k < 3; k++)
			if (holds_secret(sim_log_line(i, &level), strlen(sim_log_line(i, &level)), secrets[k]))
				play_fail("a password in the log: %s", sim_log_line(i, &level));
}

void ledgers_check(void)
{
	if (script.protocol == SMTP)
		return;
	for (int i = 0; i < used; i++) {
		const struct ledger *l = &ledgers[i];

		check_words(l, l->client ? "a client" : "a provider", l->in, l->in_len);
		check_words(l, l->client ? "a client" : "a provider", (const char *)l->got, l->got_len);
		if (l->signed_in)
			check_pipe(l);
	}
	check_log_secrets();
}
