/*
 * file.c - files outside the store.
 */
#include "world.h"

enum { PATH_MAX_LEN = 200, OPEN_FILES = 16 };

static struct named_file {
	bool used, readable;
	int exposed;
	uint64_t stamp;
	char path[PATH_MAX_LEN];
	struct blob bytes;
} files[SIM_FILES];

struct port_file {
	bool used;
	uint64_t stamp;                  /* a file that was replaced reads as an error */
	struct named_file *file;
};
static struct port_file open_file[OPEN_FILES];
static uint64_t last_stamp;

void world_file_reset(void)
{
	memset(files, 0, sizeof files);
	world_file_power_cut();
	last_stamp = 0;
}

void world_file_power_cut(void) { memset(open_file, 0, sizeof open_file); }

int world_file_handles(void)
{
	int n = 0;

	for (int i = 0; i < OPEN_FILES; i++)
		n += open_file[i].used;
	return n;
}

static struct named_file *find(const char *path)
{
	for (int i = 0; i < SIM_FILES; i++)
		if (files[i].used && strcmp(files[i].path, path) == 0)
			return &files[i];
	return NULL;
}

static struct named_file *find_or_make(const char *path)
{
	struct named_file *f = find(path);
	size_t len = strlen(path);

	if (f != NULL)
		return f;
	for (int i = 0; i < SIM_FILES && len < PATH_MAX_LEN; i++) {
		f = &files[i];
		if (f->used)
			continue;
		*f = (struct named_file){ .used = true, .readable = true };
		memcpy(f->path, path, len + 1);
		world_blob_init(&f->bytes);
		return f;
	}
	world_broken("too many files, or too long a path");
}

void sim_file_set(const char *path, const void *bytes, size_t len)
{
	struct named_file *f = find_or_make(path);

	world_blob_free(&f->bytes);
	f->stamp = ++last_stamp;
	f->used = bytes != NULL;
	if (f->used && !world_blob_append(&f->bytes, bytes, len))
		world_broken("no block left for a file");
}

void sim_file_mode(const char *path, int exposed, bool readable)
{
	struct named_file *f = find_or_make(path);

	f->exposed = exposed;
	f->readable = readable;
}

int sim_file_get(const char *path, void *buf, size_t cap)
{
	struct named_file *f = find(path);

	return f == NULL ? E_NOENT : (int)world_blob_read(&f->bytes, 0, buf, cap);
}

int port_file_open(const char *path, struct port_file **out, uint64_t *size, uint64_t *stamp)
{
	int bad = world_call(CALL_FILE_OPEN), i;
	struct named_file *f = find(path);

	if (bad != E_OK)
		return bad;
	if (f == NULL)
		return world_said(CALL_FILE_OPEN, E_NOENT);
	if (!f->readable)
		return world_said(CALL_FILE_OPEN, E_ACCESS);
	for (i = 0; i < OPEN_FILES && open_file[i].used; i++)
		;
	if (i == OPEN_FILES)
		return world_said(CALL_FILE_OPEN, E_NOSLOT);
	open_file[i] = (struct port_file){ true, f->stamp, f };
	*out = &open_file[i];
	*size = f->bytes.len;
	*stamp = f->stamp;
	return world_said(CALL_FILE_OPEN, E_OK);
}

int port_file_read(struct port_file *f, uint64_t at, void *buf, size_t len)
{
	int bad = world_call(CALL_FILE_READ);

	if (bad == E_OK && f->stamp != f->file->stamp)
		bad = E_IO;
	if (bad != E_OK)
		return bad;
	return world_said(CALL_FILE_READ, (int)world_blob_read(&f->file->bytes, at, buf, len));
}

void port_file_close(struct port_file *f)
{
	if (!f->used)
		world_broken("a file was closed twice");
	f->used = false;
}

int port_file_exposed(const char *path)
{
	int bad = world_call(CALL_FILE_EXPOSED);
	struct named_file *f = find(path);

	if (bad != E_OK)
		return bad;
	return f == NULL ? E_NOENT : !f->readable ? E_ACCESS : f->exposed;
}

int port_file_replace(const char *path, const void *buf, size_t len)
{
	int bad = world_call(CALL_FILE_REPLACE);

	if (bad == E_OK)
		sim_file_set(path, buf, len);
	return bad;
}
