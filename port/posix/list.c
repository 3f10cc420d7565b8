/*
 * list.c - the objects of an area in the order of their names, without memory for all of them: one
 * pass over the directory collects the next few names after the given one.
 */
#include "posix.h"

#define AHEAD 64

static struct scan {
	char names[AHEAD][PORT_NAME_MAX + 1];
	unsigned count;
	unsigned next;   /* names[next - 1] was told last */
	bool valid;
	bool last;       /* there is nothing after names[count - 1] */
	const char *after;
} scans[2];

bool posix_name_valid(const char *name)
{
	size_t len = 0;

	for (; name[len] != '\0'; len++) {
		char c = name[len];
		bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			c == '.' || c == '_' || c == '-';

		if (!good || len >= PORT_NAME_MAX)
			return false;
	}
	return len > 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

void posix_scan_forget(enum port_area area)
{
	scans[area].valid = false;
}

void posix_scan_removed(enum port_area area, const char *name)
{
	struct scan *s = &scans[area];

	for (unsigned i = s->next; s->valid && i < s->count; i++) {
		if (strcmp(s->names[i], name) == 0) {
			memmove(s->names[i], s->names[i + 1], (s->count - i - 1) * sizeof s->names[0]);
			s->count--;
			return;
		}
	}
}

static bool collect(void *context, const char *name)
{
	struct scan *s = context;
	unsigned at = s->count;

	if (!posix_name_valid(name) || strcmp(name, s->after) <= 0)
		return true;
	while (at > 0 && strcmp(s->names[at - 1], name) > 0)
		at--;
	if (at >= AHEAD) {
		s->last = false;
		return true;
	}
	if (s->count == AHEAD)
		s->last = false;
	else
		s->count++;
	memmove(s->names[at + 1], s->names[at], (s->count - at - 1) * sizeof s->names[0]);
	memcpy(s->names[at], name, strlen(name) + 1);
	return true;
}

int port_store_next(enum port_area area, char *name)
{
	int fd = posix_area_fd(area);
	struct scan *s = &scans[area];

	if (fd < 0)
		return E_IO;
	if (!s->valid || s->next == 0 || strcmp(s->names[s->next - 1], name) != 0 ||
			(s->next >= s->count && !s->last)) {
		char after[PORT_NAME_MAX + 1];

		if (!posix_copy(after, sizeof after, name))
			return E_IO;
		s->after = after;
		s->count = 0;
		s->next = 0;
		s->last = true;
		s->valid = posix_dir_each(fd, collect, s);
		s->after = NULL;
		if (!s->valid)
			return E_IO;
	}
	if (s->next >= s->count)
		return E_NOENT;
	memcpy(name, s->names[s->next], sizeof s->names[0]);
	s->next++;
	return E_OK;
}
