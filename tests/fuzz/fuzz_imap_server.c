/*
 * fuzz_imap_server.c - any octets as an IMAP connection before sign-in: the same commands come out
 * however the octets are cut; every bound holds; nothing is left of a refused command; a good LOGIN
 * written down again, as literals and as quoted strings, is the same LOGIN. The first byte says how
 * the octets are cut, its top bit that LOGIN is refused.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "proto/imap_server.h"

enum { LINE_MAX_HERE = 4096, SEEN_MAX = 1 << 16 };

/* One reading of the connection: what has been seen, to be compared. */
static struct reading {
	struct imap_command c;
	bool refuse, closed;
	uint32_t swallowed;    /* octets of literals of this command */
	size_t line_len, seen_len;
	uint8_t line[LINE_MAX_HERE], seen[SEEN_MAX];
} whole, cut;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fine)
{
	if (!fine)
		abort();
}

static void command_start(struct reading *r)
{
	imap_command_start(&r->c);
	r->c.refuse_login = r->refuse ? IMAP_SAY_NEED_TLS : IMAP_SAY_NOTHING;
	r->swallowed = 0;
}

static void see(struct reading *r, const void *p, size_t len)
{
	if (len > sizeof r->seen - r->seen_len)
		return;
	memcpy(r->seen + r->seen_len, p, len);
	r->seen_len += len;
}

static void put_quoted(struct fmt *f, struct slice arg)
{
	fmt_char(f, '"');
	for (size_t i = 0; i < arg.len; i++) {
		if (arg.p[i] == '"' || arg.p[i] == '\\')
			fmt_char(f, '\\');
		fmt_char(f, (char)arg.p[i]);
	}
	fmt_char(f, '"');
}

static bool is_quotable(struct slice arg)
{
	return slice_find(arg, '\r') == arg.len && slice_find(arg, '\n') == arg.len;
}

static void login_again(const struct imap_command *c, bool quoted)
{
	static struct imap_command again;
	static char text[2 * IMAP_TEXT_MAX + 64];
	struct fmt f = fmt_on(text, sizeof text);
	int e = E_MORE;

	imap_command_start(&again);
	fmt_str(&f, "a LOGIN");
	for (unsigned i = 0; i < c->args; i++) {
		struct slice arg = imap_command_arg(c, i);

		fmt_char(&f, ' ');
		if (quoted && !is_quotable(arg))
			return;
		if (quoted) {
			put_quoted(&f, arg);
			continue;
		}
		if (arg.len > IMAP_LITERAL_MAX)
			return;
		fmt_printf(&f, "{%zu+}", arg.len);
		e = imap_command_line(&again, fmt_result(&f));
		require(e == E_MORE && !again.ask && again.literal_left == arg.len);
		require(imap_command_literal(&again, arg) == arg.len);
		f.len = 0;
	}
	e = imap_command_line(&again, fmt_result(&f));
	require(e == E_OK && again.trouble == IMAP_SAY_NOTHING && again.verb == IMAP_LOGIN);
	for (unsigned i = 0; i < c->args; i++)
		require(slice_eq(imap_command_arg(&again, i), imap_command_arg(c, i)));
}

static void check(const struct imap_command *c)
{
	struct slice tag = imap_command_tag(c);
	size_t sum = 0;

	require(c->verb < IMAP_VERBS && c->trouble < IMAP_SAY_COUNT && c->args <= IMAP_ARGS_MAX);
	require(tag.len <= IMAP_TAG_MAX && slice_find(tag, '+') == tag.len);
	require(c->trouble == IMAP_SAY_BYE_TOO_LONG ||
		(tag.len == 0) == (c->trouble == IMAP_SAY_BAD_TAG));
	for (unsigned i = 0; i < c->args; i++) {
		struct slice arg = imap_command_arg(c, i);

		require(slice_find(arg, 0) == arg.len);
		sum += arg.len;
	}
	require(sum <= IMAP_TEXT_MAX);
	if (c->trouble != IMAP_SAY_NOTHING)
		for (size_t i = 0; i < sizeof c->text; i++)
			require(c->text[i] == 0);
	require(c->trouble == IMAP_SAY_NOTHING || c->args == 0);
	require(c->trouble != IMAP_SAY_NOTHING || c->verb < IMAP_LATER);
	if (c->trouble == IMAP_SAY_NOTHING && c->verb == IMAP_LOGIN) {
		require(c->args == 2 && c->refuse_login == IMAP_SAY_NOTHING);
		login_again(c, false);
		login_again(c, true);
	}
}

static void take_line(struct reading *r)
{
	struct slice line = slice_of(r->line, r->line_len);
	char reply[512];
	struct fmt f = fmt_on(reply, sizeof reply);
	int e;

	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	r->line_len = 0;
	e = imap_command_line(&r->c, line);
	require(e == E_OK || e == E_MORE || e == E_PROTO);
	see(r, &e, sizeof e);
	see(r, &r->c.verb, 1);
	see(r, r->c.tag, sizeof r->c.tag);
	see(r, r->c.text, r->c.arg_len[0] + r->c.arg_len[1]);
	if (e == E_MORE) {
		r->swallowed += r->c.literal_left;
		require(r->swallowed <= IMAP_DROP_MAX + IMAP_TEXT_MAX);
		require(r->c.trouble == IMAP_SAY_NOTHING || !r->c.ask);
		require(!r->c.ask || r->c.literal_left <= IMAP_LITERAL_MAX);
		return;
	}
	imap_say_put(&f, imap_command_tag(&r->c), (enum imap_say)r->c.trouble);
	see(r, reply, f.len);
	check(&r->c);
	require(!f.over && (e == E_OK || r->c.trouble == IMAP_SAY_BYE_TOO_LONG));
	r->closed = e == E_PROTO;
	command_start(r);
}

static void take(struct reading *r, const uint8_t *p, size_t len)
{
	while (len > 0 && !r->closed) {
		size_t n = 1;

		if (r->c.literal_left > 0) {
			n = imap_command_literal(&r->c, slice_of(p, len));
			require(n > 0 && n <= len);
		} else if (*p == '\n' || r->line_len == sizeof r->line) {
			take_line(r);
		} else {
			r->line[r->line_len++] = *p;
		}
		p += n;
		len -= n;
	}
}

static void reading_start(struct reading *r, bool refuse)
{
	r->refuse = refuse;
	r->closed = false;
	r->line_len = r->seen_len = 0;
	command_start(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t step;

	if (size < 2)
		return 0;
	reading_start(&whole, (data[0] & 0x80) != 0);
	reading_start(&cut, (data[0] & 0x80) != 0);
	step = (size_t)(data[0] & 0x7f) + 1;
	take(&whole, data + 1, size - 1);
	for (size_t at = 1; at < size; at += step)
		take(&cut, data + at, size - at < step ? size - at : step);
	require(whole.closed == cut.closed && whole.seen_len == cut.seen_len);
	require(memcmp(whole.seen, cut.seen, whole.seen_len) == 0);
	require(memcmp(&whole.c, &cut.c, sizeof whole.c) == 0);
	return 0;
}
