/*
 * params.c - ESMTP parameters: a table of keywords with a reader for each value. One loop takes the
 * words apart and refuses the unknown, the repeated and the ill-formed.
 */
#include "proto/params.h"

#include "error.h"
#include "proto/utf8.h"
#include "proto/xtext.h"

#define NAME_ROW(name, code, status, text) #name,
const char *const param_error_name[PARAM_ERROR_COUNT] = { PARAM_ERRORS(NAME_ROW) };

#define REPLY_ROW(name, code, status, text) { code, status, text },
static const struct param_reply replies[PARAM_ERROR_COUNT] = { PARAM_ERRORS(REPLY_ROW) };

const char *const params_body_text[3] = { "", "7BIT", "8BITMIME" };
const char *const params_ret_text[3] = { "", "FULL", "HDRS" };

const struct param_reply *param_error_reply(enum param_error why)
{
	return &replies[why];
}

/* Where the values go: one of the two is set. */
struct target {
	struct mail_params *mail;
	struct rcpt_params *rcpt;
	unsigned known;
};

/* The index (from 1) of a value in a table of three texts; 0: not there. */
static unsigned choice(struct slice value, const char *const texts[3])
{
	for (unsigned i = 1; i < 3; i++)
		if (slice_is(value, texts[i]))
			return i;
	return 0;
}

static bool read_size(struct target *t, struct slice value)
{
	return value.len <= 20 && slice_u64(value, UINT64_MAX, &t->mail->size) == E_OK;
}

static bool read_body(struct target *t, struct slice value)
{
	t->mail->body = (enum mail_body)choice(value, params_body_text);
	return t->mail->body != BODY_NONE;
}

static bool read_smtputf8(struct target *t, struct slice value)
{
	(void)t;
	return value.p == NULL;
}

static bool read_auth(struct target *t, struct slice value)
{
	t->mail->auth = value;
	if (value.len == 0 || value.len > PARAM_AUTH_MAX)
		return false;
	return slice_is(value, "<>") || xtext_valid(value);
}

static bool read_ret(struct target *t, struct slice value)
{
	t->mail->ret = (enum mail_ret)choice(value, params_ret_text);
	return t->mail->ret != RET_NONE;
}

static bool read_envid(struct target *t, struct slice value)
{
	t->mail->envid = value;
	return value.len > 0 && value.len <= PARAM_ENVID_MAX && xtext_valid(value);
}

static bool read_notify(struct target *t, struct slice value)
{
	static const char *const words[] = { "NEVER", "SUCCESS", "FAILURE", "DELAY" };
	unsigned set = 0;

	while (value.p != NULL) {
		size_t end = slice_find(value, ',');
		unsigned bit = 0;

		for (unsigned i = 0; i < 4; i++)
			if (slice_is(slice_head(value, end), words[i]))
				bit = 1u << i;
		if (bit == 0 || (set & bit) != 0)
			return false;
		set |= bit;
		value = end < value.len ? (struct slice){ value.p + end + 1, value.len - end - 1 } :
			(struct slice){ NULL, 0 };
	}
	t->rcpt->notify = set;
	return set == NOTIFY_NEVER || (set != 0 && (set & NOTIFY_NEVER) == 0);
}

static bool is_atom(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = byte_lower(s.p[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return s.len > 0;
}

/* An address of type utf-8 may hold UTF-8 and \x{HEX} (RFC 6533 3): both are printable, without
 * blanks. */
static bool utf8_address(struct slice s, bool raw)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < 33 || s.p[i] == 127 || s.p[i] == '=' || (s.p[i] >= 0x80 && !raw))
			return false;
	return s.len > 0 && utf8_valid(s);
}

static bool read_orcpt(struct target *t, struct slice value)
{
	size_t at = slice_find(value, ';');
	struct slice type = slice_head(value, at), address = slice_from(value, at + 1);

	t->rcpt->orcpt = value;
	if (value.len > PARAM_ORCPT_MAX || !is_atom(type) || address.len == 0)
		return false;
	if (slice_is(type, "utf-8"))
		return utf8_address(address, (t->known & PARAM_UTF8) != 0);
	return xtext_valid(address);
}

/* The keywords. */
static const struct row {
	const char *name;
	unsigned bit;
	bool (*read)(struct target *t, struct slice value); /* value.p == NULL: no '=' */
} rows[] = {
	{ "SIZE",     PARAM_SIZE,     read_size },
	{ "BODY",     PARAM_BODY,     read_body },
	{ "SMTPUTF8", PARAM_SMTPUTF8, read_smtputf8 },
	{ "AUTH",     PARAM_AUTH,     read_auth },
	{ "RET",      PARAM_RET,      read_ret },
	{ "ENVID",    PARAM_ENVID,    read_envid },
	{ "NOTIFY",   PARAM_NOTIFY,   read_notify },
	{ "ORCPT",    PARAM_ORCPT,    read_orcpt },
};

static const struct row *row_find(struct slice key, unsigned known)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if ((known & rows[i].bit) != 0 && slice_is(key, rows[i].name))
			return &rows[i];
	return NULL;
}

static enum param_error read_word(struct target *t, struct slice word, unsigned *given)
{
	size_t at = slice_find(word, '=');
	struct slice key = slice_head(word, at), value = { NULL, 0 };
	const struct row *row;

	if (at < word.len)
		value = (struct slice){ word.p + at + 1, word.len - at - 1 };
	if (!is_atom(key))
		return PARAM_SYNTAX;
	row = row_find(key, t->known);
	if (row == NULL)
		return PARAM_UNKNOWN;
	if ((*given & row->bit) != 0)
		return PARAM_REPEATED;
	*given |= row->bit;
	return row->read(t, value) ? PARAM_FINE : PARAM_VALUE;
}

static int read_words(struct slice words, struct target *t, unsigned *given, enum param_error *why,
	struct slice *which)
{
	*why = PARAM_FINE;
	while ((*which = slice_word(&words)).len > 0) {
		*why = read_word(t, *which, given);
		if (*why != PARAM_FINE)
			return E_ARG;
	}
	return E_OK;
}

int mail_params_parse(struct slice words, unsigned known, struct mail_params *out,
	enum param_error *why, struct slice *which)
{
	struct target t = { out, NULL, known & PARAMS_MAIL };

	*out = (struct mail_params){ 0 };
	return read_words(words, &t, &out->given, why, which);
}

int rcpt_params_parse(struct slice words, unsigned known, struct rcpt_params *out,
	enum param_error *why, struct slice *which)
{
	struct target t = { NULL, out, known & (PARAMS_RCPT | PARAM_UTF8) };

	*out = (struct rcpt_params){ 0 };
	return read_words(words, &t, &out->given, why, which);
}

const char *params_notify_text(unsigned notify)
{
	static const char *const texts[16] = { [NOTIFY_NEVER] = "NEVER",
		[NOTIFY_SUCCESS] = "SUCCESS", [NOTIFY_FAILURE] = "FAILURE", [NOTIFY_DELAY] = "DELAY",
		[NOTIFY_SUCCESS | NOTIFY_FAILURE] = "SUCCESS,FAILURE",
		[NOTIFY_SUCCESS | NOTIFY_DELAY] = "SUCCESS,DELAY",
		[NOTIFY_FAILURE | NOTIFY_DELAY] = "FAILURE,DELAY",
		[NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY] = "SUCCESS,FAILURE,DELAY" };
	const char *text = texts[notify & 15];

	return text != NULL ? text : "";
}
