/*
 * history.c - lines typed before, in one text without holes: adding moves what stays to the front.
 */
#include "console/history.h"

#include <string.h>

#include "config/table.h"

int history_get(const struct history *h, unsigned back, struct slice *line)
{
	size_t end = h->len, from;

	for (; end > 0; back--) {
		from = end - 1;
		while (from > 0 && h->text[from - 1] != '\0')
			from--;
		if (back <= 1) {
			*line = slice_of(h->text + from, end - 1 - from);
			return E_OK;
		}
		end = from;
	}
	return E_NOENT;
}

static bool name_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* Whether a name is that of options whose values may be seen. */
static bool open_name(struct slice name)
{
	bool known = false;

	for (unsigned i = 0; i < settings_count; i++) {
		if (!slice_eq(name, slice_str(settings_table[i].name)))
			continue;
		if ((settings_table[i].flags & SETTING_SECRET) != 0)
			return false;
		known = true;
	}
	return known;
}

/* Index behind the second word. */
static size_t two_words(struct slice line)
{
	struct slice rest = line;

	(void)slice_word(&rest);
	(void)slice_word(&rest);
	return line.len - rest.len;
}

size_t history_keeps(struct slice line)
{
	size_t dot = slice_find(line, '.'), value = slice_find(line, '='), end = dot + 1;

	if (slice_starts(slice_trim(line), "pa"))
		return two_words(line); /* passwd USER takes no more */
	if (dot > value)
		return value < line.len ? value + 1 : line.len;
	if (dot == line.len)
		return line.len;
	while (end < line.len && name_byte(line.p[end]))
		end++;
	if (open_name(slice_of(line.p + dot + 1, end - dot - 1)))
		return line.len;
	return end < line.len && line.p[end] == '=' ? end + 1 : end;
}

bool history_add(struct history *h, struct slice line)
{
	struct slice newest;

	line = slice_trim(slice_head(line, history_keeps(line)));
	if (line.len == 0 || line.len >= HISTORY_MAX)
		return false;
	if (history_get(h, 1, &newest) == E_OK && slice_eq(newest, line))
		return false;
	while (h->len + line.len + 1 > HISTORY_MAX) {
		size_t first = strlen(h->text) + 1;

		h->len = (uint16_t)(h->len - first);
		memmove(h->text, h->text + first, h->len);
	}
	memcpy(h->text + h->len, line.p, line.len);
	h->len = (uint16_t)(h->len + line.len);
	h->text[h->len++] = '\0';
	return true;
}

void history_drop(struct history *h)
{
	struct slice newest;

	if (history_get(h, 1, &newest) == E_OK) {
		h->len = (uint16_t)(h->len - newest.len - 1);
		mem_wipe(h->text + h->len, newest.len + 1);
	}
}
