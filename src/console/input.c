/*
 * input.c - bytes from the port; and for scripts, bytes to lines.
 */
#include <string.h>

#include "console/slot.h"

int input_fill(struct console *c)
{
	int n;

	if (c->in_at > 0)
		memmove(c->in, c->in + c->in_at, c->in_len);
	c->in_at = 0;
	if (c->ended || c->in_len == sizeof c->in)
		return 0;
	n = port_console_read(c->port, c->in + c->in_len, sizeof c->in - c->in_len);
	if (n == E_AGAIN)
		return 0;
	c->ended = n < 0;
	c->in_len = (uint16_t)(c->in_len + (n > 0 ? n : 0));
	return n > 0;
}

static void line_add(struct console *c, char byte)
{
	char *to = c->state == CONSOLE_ASKING ? c->answer : c->line;

	if (c->line_len < CONSOLE_LINE_MAX)
		to[c->line_len++] = byte;
	else
		c->too_long = true;
}

/* One byte; true at the end of a line. CR, LF and CRLF are equal; control bytes are noise. */
static bool line_byte(struct console *c, char byte)
{
	bool after_cr = c->last_cr;

	c->last_cr = byte == '\r';
	if (byte == '\n' && after_cr)
		return false;
	if (byte == '\n' || byte == '\r')
		return true;
	if (byte == '\t' || ((unsigned char)byte >= 0x20 && byte != 0x7f))
		line_add(c, byte == '\t' ? ' ' : byte);
	return false;
}

int input_line(struct console *c)
{
	for (;;) {
		while (c->in_len > 0) {
			c->in_len--;
			if (line_byte(c, c->in[c->in_at++]))
				return E_OK;
		}
		if (input_fill(c) == 0 && !c->ended)
			return E_AGAIN;
		if (c->ended)
			return c->line_len > 0 ? E_OK : E_EOF;
	}
}
