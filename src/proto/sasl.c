/*
 * sasl.c - the server side of PLAIN, LOGIN and CRAM-MD5: one table of what each state wants.
 *
 * A line is decoded into a buffer on the stack that is wiped; what it means is copied into the
 * exchange.
 */
#include "proto/sasl.h"

#include <string.h>

#include "base/base64.h"
#include "base/crypto.h"
#include "error.h"

const char *const sasl_mech_name[SASL_MECHS] = { "PLAIN", "LOGIN", "CRAM-MD5" };
const char *const sasl_server_state_name[SASL_SERVER_STATES] = {
	"idle", "plain", "login", "password", "digest", "done",
};

/* Base64 of "Username:" and "Password:", to the letter (interop 2.4). */
static const char *const login_prompts[2] = { "VXNlcm5hbWU6", "UGFzc3dvcmQ6" };

int sasl_mech_find(struct slice name)
{
	for (int i = 0; i < SASL_MECHS; i++)
		if (slice_is(name, sasl_mech_name[i]))
			return i;
	return E_NOENT;
}

unsigned sasl_mechs_parse(struct slice list)
{
	unsigned set = 0;

	for (struct slice word = slice_word(&list); word.len > 0; word = slice_word(&list)) {
		int mech = sasl_mech_find(word);

		if (mech >= 0)
			set |= SASL_BIT(mech);
	}
	return set;
}

struct slice sasl_authzid(const struct sasl_server *s)
{
	return slice_of(s->authzid, s->authzid_len);
}

struct slice sasl_authcid(const struct sasl_server *s)
{
	return slice_of(s->authcid, s->authcid_len);
}

struct slice sasl_password(const struct sasl_server *s)
{
	return slice_of(s->password, s->password_len);
}

void sasl_wipe(struct sasl_server *s)
{
	mem_wipe(s, sizeof *s);
}

/* ---- taking parts ---- */

/* Whether NUL, CR or LF is in it (A-10). */
static bool has_controls(struct slice v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.p[i] == 0 || v.p[i] == '\r' || v.p[i] == '\n')
			return true;
	return false;
}

static int keep(struct slice v, void *out, size_t cap, uint16_t *len)
{
	if (v.len > cap)
		return E_LIMIT;
	if (has_controls(v))
		return E_PROTO;
	if (v.len > 0)
		memcpy(out, v.p, v.len);
	*len = (uint16_t)v.len;
	return E_OK;
}

static int keep_login(struct sasl_server *s, struct slice v)
{
	return v.len == 0 ? E_PROTO : keep(v, s->authcid, sizeof s->authcid, &s->authcid_len);
}

static int keep_password(struct sasl_server *s, struct slice v)
{
	return v.len == 0 ? E_PROTO : keep(v, s->password, sizeof s->password, &s->password_len);
}

/* [authzid] NUL authcid NUL password (RFC 4616 2). */
static int take_plain(struct sasl_server *s, struct slice v)
{
	size_t first = slice_find(v, 0);
	struct slice rest = slice_from(v, first + 1);
	size_t second = slice_find(rest, 0);
	int e;

	if (first == v.len || second == rest.len)
		return E_PROTO;
	e = keep(slice_head(v, first), s->authzid, sizeof s->authzid, &s->authzid_len);
	if (e == E_OK)
		e = keep_login(s, slice_head(rest, second));
	if (e == E_OK)
		e = keep_password(s, slice_from(rest, second + 1));
	s->state = SASL_DONE;
	return e;
}

static int take_login(struct sasl_server *s, struct slice v)
{
	int e = keep_login(s, v);

	s->state = SASL_WANT_PASSWORD;
	return e == E_OK ? E_MORE : e;
}

static int take_password(struct sasl_server *s, struct slice v)
{
	s->state = SASL_DONE;
	return keep_password(s, v);
}

static int hex_value(uint8_t c)
{
	c = byte_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : E_ARG;
}

/* "user hexdigest" (RFC 2195 2); the user name may have blanks. */
static int take_digest(struct sasl_server *s, struct slice v)
{
	size_t n = sizeof s->digest * 2;

	s->state = SASL_DONE;
	if (v.len < n + 2 || v.p[v.len - n - 1] != ' ')
		return E_PROTO;
	for (size_t i = 0; i < sizeof s->digest; i++) {
		int high = hex_value(v.p[v.len - n + 2 * i]), low = hex_value(v.p[v.len - n + 2 * i + 1]);

		if (high < 0 || low < 0)
			return E_PROTO;
		s->digest[i] = (uint8_t)(high << 4 | low);
	}
	return keep_login(s, slice_head(v, v.len - n - 1));
}

static int (*const takers[SASL_SERVER_STATES])(struct sasl_server *s, struct slice v) = {
	[SASL_WANT_PLAIN] = take_plain, [SASL_WANT_LOGIN] = take_login,
	[SASL_WANT_PASSWORD] = take_password, [SASL_WANT_DIGEST] = take_digest,
};

/* ---- the exchange ---- */

/* What is asked for in the state that was reached. */
static int challenge_for(const struct sasl_server *s, struct slice *challenge, char *out,
	size_t cap)
{
	int n;

	*challenge = slice_of(out, 0);
	if (s->state == SASL_WANT_LOGIN)
		*challenge = slice_str(login_prompts[0]);
	else if (s->state == SASL_WANT_PASSWORD)
		*challenge = slice_str(login_prompts[1]);
	else if (s->state == SASL_WANT_DIGEST) {
		n = base64_encode(s->challenge, s->challenge_len, out, cap);
		*challenge = slice_of(out, (size_t)(n > 0 ? n : 0));
	}
	return E_MORE;
}

static int ended(struct sasl_server *s, int e)
{
	if (e != E_OK && e != E_MORE)
		sasl_wipe(s);
	return e;
}

/* A response in base64; "=" is the empty one (only as an initial response). */
static int take(struct sasl_server *s, struct slice text)
{
	uint8_t raw[SASL_LINE_MAX];
	int n, e;

	if (text.len > SASL_LINE_MAX)
		return E_LIMIT;
	n = base64_decode(text, raw, sizeof raw);
	e = n < 0 ? n : takers[s->state](s, slice_of(raw, (size_t)n));
	mem_wipe(raw, sizeof raw);
	return e;
}

int sasl_server_start(struct sasl_server *s, enum sasl_mech mech, struct slice initial,
	struct slice *challenge, char *out, size_t out_cap)
{
	static const uint8_t first[SASL_MECHS] = {
		[SASL_PLAIN] = SASL_WANT_PLAIN, [SASL_LOGIN] = SASL_WANT_LOGIN,
		[SASL_CRAM_MD5] = SASL_WANT_DIGEST,
	};
	int e;

	s->mech = mech;
	s->state = (enum sasl_server_state)first[mech];
	if (initial.p == NULL)
		return challenge_for(s, challenge, out, out_cap);
	if (mech == SASL_CRAM_MD5)
		return ended(s, E_PROTO);
	if (slice_is(initial, "="))
		initial.len = 0;
	e = take(s, initial);
	return e == E_MORE ? challenge_for(s, challenge, out, out_cap) : ended(s, e);
}

int sasl_server_line(struct sasl_server *s, struct slice line, struct slice *challenge,
	char *out, size_t out_cap)
{
	struct slice text = slice_trim(line);
	int e;

	if (takers[s->state] == NULL)
		return ended(s, E_PROTO);
	if (slice_is(text, "*"))
		return ended(s, E_ACCESS);
	e = take(s, text);
	return e == E_MORE ? challenge_for(s, challenge, out, out_cap) : ended(s, e);
}

int sasl_server_given(struct sasl_server *s, struct slice login, struct slice password)
{
	int e;

	sasl_wipe(s);
	s->mech = SASL_PLAIN;
	s->state = SASL_DONE;
	e = keep_login(s, login);
	if (e == E_OK)
		e = keep_password(s, password);
	return ended(s, e);
}

/* ---- CRAM-MD5 ---- */

void sasl_cram_challenge(struct sasl_server *s, const uint8_t random[8], int64_t unix_s,
	struct slice host)
{
	struct fmt f = fmt_on(s->challenge, sizeof s->challenge - 1);

	fmt_char(&f, '<');
	for (int i = 0; i < 8; i++)
		fmt_printf(&f, "%02x", (unsigned)random[i]);
	fmt_printf(&f, ".%llu@", (unsigned long long)(unix_s > 0 ? unix_s : 0));
	fmt_clean(&f, host, f.cap - f.len);
	s->challenge[f.len] = '>';
	s->challenge_len = (uint16_t)(f.len + 1);
}

bool sasl_cram_check(const struct sasl_server *s, struct slice password)
{
	uint8_t want[CRYPTO_MD5_LEN];
	bool good;

	crypto_hmac_md5(password.p, password.len, s->challenge, s->challenge_len, want);
	good = mem_eq_ct(want, s->digest, sizeof want);
	mem_wipe(want, sizeof want);
	return good;
}
