/*
 * input.c - bytes of a console to lines.
 */
#include "console/slot.h"

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
	if (byte == '\t' || (unsigned char)byte >= 0x20)
		line_add(c, byte == '\t' ? ' ' : byte);
	return false;
}

int input_line(struct console *c)
{
	for (;;) {
		int n;

		while (c->in_len > 0) {
			char byte = c->in[c->in_at++];

			c->in_len--;
			if (line_byte(c, byte))
				return E_OK;
		}
		if (c->ended)
			return c->line_len > 0 ? E_OK : E_EOF;
		n = port_console_read(c->port, c->in, sizeof c->in);
		if (n == E_AGAIN)
			return E_AGAIN;
		c->ended = n < 0;
		c->in_at = 0;
		c->in_len = (uint16_t)(n > 0 ? n : 0);
	}
}
