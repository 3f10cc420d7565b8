/*
 * secrets.c - secrets that stand in files of their own: the first line of each, read when a
 * configuration is loaded.
 */
#include <string.h>

#include "config/store.h"
#include "config/value.h"

enum { SECRET_MAX = 255 };

int file_read(const char *path, char *buf, size_t cap)
{
	struct port_file *file;
	uint64_t size, stamp;
	size_t len = 0;
	int n, e = port_file_open(path, &file, &size, &stamp);

	if (e != E_OK)
		return e;
	do {
		n = len < cap ? port_file_read(file, len, buf + len, cap - len) : 0;
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	if (n == 0 && len == cap) {
		char more;

		n = port_file_read(file, len, &more, 1) != 0 ? E_LIMIT : 0;
	}
	port_file_close(file);
	return n < 0 ? n : (int)len;
}

/* The first line without its end; E_LIMIT when it is longer than a secret may be. */
static int first_line(const char *path, char *buf, size_t cap, struct slice *out)
{
	int n = file_read(path, buf, cap);
	size_t end;

	if (n < 0 && n != E_LIMIT)
		return n;
	*out = slice_of(buf, n >= 0 ? (size_t)n : cap);
	end = slice_find(*out, '\n');
	if (end == out->len && n < 0)
		return E_LIMIT;
	*out = slice_head(*out, end);
	if (out->len > 0 && out->p[out->len - 1] == '\r')
		out->len--;
	return out->len > SECRET_MAX ? E_LIMIT : E_OK;
}

static int file_refused(const struct settings *s, struct fault *f, const struct setting *row,
	unsigned index, const char *path, int e)
{
	int who = e == E_OK ? port_file_exposed(path) : 0;
	const char *why = e == E_NOENT ? "is not there" :
		e == E_ACCESS ? "may not be read (a running gateway reads new files after SIGHUP only)" :
		e == E_LIMIT ? "has no line of at most 255 bytes" :
		e != E_OK ? "cannot be read" :
		who > 0 ? "is open to others; `chmod 600` it" : NULL;

	if (why == NULL)
		return E_OK;
	return fault_at(s, f, (enum section_type)row->section, index, row->place + 1, "%s '%s' %s",
		setting_at((enum section_type)row->section, row->place + 1u)->name, path, why);
}

/* One secret of one section; its row stands just before that of its file. */
static int secret_read(struct settings *s, const struct setting *row, unsigned index,
	struct fault *f)
{
	enum section_type type = (enum section_type)row->section;
	const struct setting *file = setting_at(type, row->place + 1u);
	struct cfg_section *sec = section_at(s, type, index);
	char path[256], buf[SECRET_MAX + 3], text[64];
	struct fmt p = fmt_on(path, sizeof path), why = fmt_on(text, sizeof text);
	struct slice line = { NULL, 0 };
	int e;

	if (!value_given(file, sec))
		return E_OK;
	if (value_given(row, sec))
		return fault_at(s, f, type, index, file->place, "%s and %s exclude each other", row->name,
			file->name);
	value_put(s, file, sec, &p);
	e = first_line(fmt_cstr(&p), buf, sizeof buf, &line);
	e = file_refused(s, f, row, index, path, e);
	if (e == E_OK && line.len == 0)
		e = fault_at(s, f, type, index, file->place, "the first line of '%s' is empty", path);
	if (e == E_OK && value_set(s, row, sec, line, &why) != E_OK)
		e = fault_at(s, f, type, index, file->place, "the first line of '%s' is no secret: "
			"it has control characters, or there is no room", path);
	sec->given &= ~((uint64_t)1 << row->place);
	mem_wipe(buf, sizeof buf);
	return e;
}

int secrets_read(struct settings *s, struct fault *f)
{
	for (unsigned i = 0; i < settings_count; i++) {
		const struct setting *row = &settings_table[i];
		unsigned n = section_count(s, (enum section_type)row->section);

		for (unsigned j = 0; row->kind == KIND_PASSWORD && j < n; j++)
			if (secret_read(s, row, j, f) != E_OK)
				return E_ARG;
	}
	return E_OK;
}

bool secrets_held(const struct settings *s)
{
	for (unsigned i = 0; i < settings_count; i++) {
		const struct setting *row = &settings_table[i];
		enum section_type type = (enum section_type)row->section;

		for (unsigned j = 0; row->kind == KIND_PASSWORD && j < section_count(s, type); j++)
			if (value_given(row, section_of(s, type, j)))
				return true;
	}
	return false;
}
