/*
 * pager.c - rows of output. A row ends by a line feed or by its last column; bytes that continue a
 * UTF-8 character take no column.
 */
#include "console/pager.h"

#include <string.h>

enum { CTRL_C = 3 };

void pager_begin(struct pager *p, unsigned columns, unsigned rows)
{
	*p = (struct pager){ rows > 1, (uint16_t)columns, (uint16_t)(rows - 1), 0, 0 };
	p->left = p->rows;
}

/* Walks over bytes until no row is left. How many that were. */
static size_t walk(struct pager *p, const char *bytes, size_t len)
{
	size_t n = 0;

	while (n < len && p->left > 0) {
		bool wraps = bytes[n] != '\n' && ((unsigned char)bytes[n] & 0xc0) != 0x80 &&
			p->column == p->columns;

		if (wraps || bytes[n] == '\n') {
			p->column = 0;
			p->left--;
		} else if (((unsigned char)bytes[n] & 0xc0) != 0x80) {
			p->column++;
		}
		n += wraps ? 0 : 1;
	}
	return n;
}

size_t pager_room(const struct pager *p, const char *bytes, size_t len)
{
	struct pager copy = *p;

	return p->on ? walk(&copy, bytes, len) : len;
}

void pager_wrote(struct pager *p, const char *bytes, size_t len)
{
	if (p->on)
		(void)walk(p, bytes, len);
}

enum pager_key pager_answer(struct pager *p, const char *bytes, size_t len, size_t *taken)
{
	bool enter = bytes[0] == '\r' || bytes[0] == '\n';
	bool alone = len == 1 || (len == 2 && bytes[0] == '\r' && bytes[1] == '\n');

	*taken = alone ? len : 0;
	if (alone && (bytes[0] == ' ' || enter)) {
		p->left = enter ? 1 : p->rows;
		return PAGER_ON;
	}
	if (alone && (bytes[0] == 'q' || bytes[0] == CTRL_C))
		return PAGER_STOP;
	*taken = 0;
	p->on = false;
	return PAGER_ALL;
}
