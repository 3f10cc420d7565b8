/*
 * smtp_client_hear.c - what a server says, line by line: codes, extensions, texts.
 *
 * A line is looked at alone; what it means at this point of the dialogue is smtp_client.c's
 * affair.
 */
#include "proto/smtp_client_hear.h"

#include <string.h>

#include "error.h"

static const struct {
	const char *keyword;
	unsigned cap;
} keywords[] = {
	{ "SIZE", SMTP_HAS_SIZE }, { "8BITMIME", SMTP_HAS_8BITMIME },
	{ "SMTPUTF8", SMTP_HAS_SMTPUTF8 }, { "PIPELINING", SMTP_HAS_PIPELINING },
	{ "DSN", SMTP_HAS_DSN }, { "STARTTLS", SMTP_HAS_STARTTLS }, { "AUTH", SMTP_HAS_AUTH },
	{ "CHUNKING", SMTP_HAS_CHUNKING }, { "ENHANCEDSTATUSCODES", SMTP_HAS_ENHANCED },
};

void smtp_client_learn(struct smtp_client *c, struct slice text)
{
	struct slice rest = text;
	struct slice word = slice_word(&rest);

	/* The old form of AUTH. */
	if (slice_starts(word, "AUTH=")) {
		c->talk.mechs |= sasl_mechs_parse(slice_from(word, 5)) | sasl_mechs_parse(rest);
		c->caps |= SMTP_HAS_AUTH;
		return;
	}
	for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
		if (slice_is(word, keywords[i].keyword))
			c->caps |= keywords[i].cap;
	if (slice_is(word, "AUTH"))
		c->talk.mechs |= sasl_mechs_parse(rest);
	if (slice_is(word, "SIZE") && slice_u64(slice_trim(rest), UINT64_MAX / 2, &c->size_max) != E_OK)
		c->size_max = 0;
}

int smtp_reply_line(struct slice line, bool *last, struct slice *text)
{
	uint64_t code;

	if (line.len < 3 || slice_u64(slice_head(line, 3), 999, &code) != E_OK)
		return E_PROTO;
	if (code < 200 || code > 599 || (line.len > 3 && line.p[3] != ' ' && line.p[3] != '-'))
		return E_PROTO;
	*last = line.len == 3 || line.p[3] == ' ';
	*text = slice_from(line, 4);
	return (int)code;
}

/* Takes "5.7.1", 11 octets at most, off the front of a reply's text when it fits the class of the
 * code (RFC 2034). */
static struct slice take_enhanced(struct slice text, int code, char *out)
{
	struct slice rest = text;
	struct slice word = slice_word(&rest);
	unsigned dots = 0;

	if (word.len < 5 || word.len > 11 || word.p[0] != (uint8_t)('0' + code / 100) ||
			word.p[1] != '.')
		return text;
	for (size_t i = 0; i < word.len; i++) {
		dots += word.p[i] == '.';
		if (word.p[i] != '.' && (word.p[i] < '0' || word.p[i] > '9'))
			return text;
	}
	if (dots != 2 || word.p[word.len - 1] == '.')
		return text;
	memcpy(out, word.p, word.len);
	out[word.len] = '\0';
	return slice_trim(rest);
}

void smtp_client_keep(struct smtp_client *c, int code, struct slice text)
{
	struct talk_reply *r = &c->talk.reply;
	char scratch[sizeof r->status];

	talk_keep(r, take_enhanced(text, code, r->status[0] == '\0' ? r->status : scratch));
}
