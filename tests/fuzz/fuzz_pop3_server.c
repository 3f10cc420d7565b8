/*
 * fuzz_pop3_server.c - any octets as a POP3 connection before sign-in: the same commands come out
 * however the octets are cut, arguments lie in their line and hold no NUL, PASS loses no octet, and
 * what USER and PASS give is taken as a sign-in or wiped. The first byte says how the octets are cut.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "proto/pop3_server.h"
#include "proto/sasl.h"

enum { LINE_MAX_HERE = 2560, SEEN_MAX = 1 << 16 };

/* One reading of the connection: what has been seen, to be compared. */
static struct reading {
	size_t line_len, seen_len, login_len;
	uint8_t line[LINE_MAX_HERE], seen[SEEN_MAX], login[POP3_COMMAND_MAX];
} whole, cut;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fine)
{
	if (!fine)
		abort();
}

static void see(struct reading *r, const void *p, size_t len)
{
	if (len > sizeof r->seen - r->seen_len || len == 0)
		return;
	memcpy(r->seen + r->seen_len, p, len);
	r->seen_len += len;
}

static void sign_in(struct reading *r, struct slice password)
{
	static const struct sasl_server none;
	static struct sasl_server s;
	int e = sasl_server_given(&s, slice_of(r->login, r->login_len), password);

	see(r, &e, sizeof e);
	if (e == E_OK) {
		require(s.state == SASL_DONE && slice_eq(sasl_password(&s), password));
		require(slice_find(password, '\r') == password.len && password.len > 0);
	} else {
		require(memcmp(&s, &none, sizeof s) == 0);
	}
}

static void command(struct reading *r, struct slice line, const struct pop3_command *c)
{
	if (c->verb == POP3_USER) {
		require(c->arg.len > 0 && c->arg.len <= sizeof r->login && c->arg.p[0] != ' ');
		memcpy(r->login, c->arg.p, c->arg.len);
		r->login_len = c->arg.len;
	}
	if (c->verb == POP3_PASS) {
		require(c->arg.len == line.len - 5);
		sign_in(r, c->arg);
	}
}

static void take_line(struct reading *r)
{
	struct slice line = slice_of(r->line, r->line_len);
	struct pop3_command c;
	enum pop3_say say;
	char reply[512];
	struct fmt f = fmt_on(reply, sizeof reply);

	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	r->line_len = 0;
	say = pop3_command_parse(line, &c);
	require(c.verb < POP3_VERBS && say < POP3_SAY_COUNT && c.arg.len <= line.len);
	require(slice_find(c.arg, 0) == c.arg.len);
	require(say != POP3_SAY_NOTHING || (c.verb < POP3_LATER && slice_find(line, 0) == line.len));
	require(say == POP3_SAY_NOTHING || c.arg.len == 0);
	pop3_say_put(&f, say);
	require(!f.over);
	see(r, &c.verb, sizeof c.verb);
	see(r, reply, f.len);
	see(r, c.arg.p, c.arg.len);
	if (say == POP3_SAY_NOTHING)
		command(r, line, &c);
}

static void take(struct reading *r, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '\n' || r->line_len == sizeof r->line)
			take_line(r);
		else
			r->line[r->line_len++] = p[i];
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t step;

	if (size < 2)
		return 0;
	whole.line_len = whole.seen_len = whole.login_len = 0;
	cut.line_len = cut.seen_len = cut.login_len = 0;
	step = (size_t)data[0] + 1;
	take(&whole, data + 1, size - 1);
	for (size_t at = 1; at < size; at += step)
		take(&cut, data + at, size - at < step ? size - at : step);
	require(whole.seen_len == cut.seen_len);
	require(memcmp(whole.seen, cut.seen, whole.seen_len) == 0);
	return 0;
}
