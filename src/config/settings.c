/*
 * settings.c - the instances of the configuration, and how a text becomes the running one: read
 * into the spare, completed, validated, swapped. Three structs take turns by index, so a swap moves
 * nothing.
 */
#include "config/settings.h"

#include <string.h>

#include "base/crc.h"
#include "config/candidate.h"
#include "config/store.h"
#include "config/value.h"

enum { RUNNING, CANDIDATE, SPARE, INSTANCES };

static struct settings instances[INSTANCES];
static struct {
	uint8_t running, spare;      /* which of the instances; the candidate stays in its own */
	bool started;
	uint32_t generation, crc;
	char path[256];
	char buffer[BOARD_CONFIG_TEXT];
} store;

/* The first use finds everything zeroed, which is not yet a configuration. */
static void start(void)
{
	if (store.started)
		return;
	store.started = true;
	store.running = RUNNING;
	store.spare = SPARE;
	for (int i = 0; i < INSTANCES; i++)
		instance_clear(&instances[i]);
}

void settings_reset(void)
{
	for (int i = 0; i < INSTANCES; i++)
		instance_clear(&instances[i]);
	mem_wipe(store.path, sizeof store.path);
	store.running = RUNNING;
	store.spare = SPARE;
	store.started = true;
	store.generation = store.crc = 0;
	candidate_drop();
}

/* Asked for in a hundred places: stays a call. */
__attribute__((noinline)) const struct settings *settings_running(void)
{
	start();
	return &instances[store.running];
}

struct settings *settings_candidate(void)
{
	start();
	return &instances[CANDIDATE];
}

struct settings *settings_spare(void)
{
	start();
	return &instances[store.spare];
}

uint32_t settings_generation(void)
{
	return store.generation;
}

const char *settings_path(void)
{
	return store.path;
}

uint32_t settings_file_crc(void)
{
	return store.crc;
}

void settings_file_crc_set(uint32_t crc)
{
	store.crc = crc;
}

char *settings_buffer(void)
{
	return store.buffer;
}

static void swap(void)
{
	uint8_t was = store.running;

	start();
	store.running = store.spare;
	store.spare = was;
}

void settings_swap(void)
{
	swap();
	store.generation++;
}

void settings_swap_back(void)
{
	swap();
	store.generation++;
}

/* ---- texts and lists ---- */

const char *settings_text(const struct settings *s, text_ref ref)
{
	return ref < sizeof s->text ? s->text + ref : "";
}

struct slice settings_slice(const struct settings *s, text_ref ref)
{
	return slice_str(settings_text(s, ref));
}

const struct cfg_item *settings_item(const struct settings *s, struct cfg_list list, unsigned i)
{
	return &s->item[list.first + i];
}

/* ---- loading ---- */

/* Puts what a fault says behind `FILE:LINE: `. */
static int refuse(struct settings_error *err, const char *file, struct slice text,
	const struct fault *f)
{
	struct fmt out = fmt_on(err->text, sizeof err->text - 1);

	err->line = settings_line(text, f);
	fmt_clean(&out, slice_str(file), 160);
	if (err->line > 0)
		fmt_printf(&out, ":%u", (unsigned)err->line);
	fmt_printf(&out, ": %s", f->text);
	fmt_cstr(&out);
	return E_ARG;
}

/* Reads a text into the spare and completes it. */
static int prepare(struct slice text, const char *file, struct settings_error *err)
{
	struct settings *s = settings_spare();
	struct fault f = { .type = -1 };
	int e = settings_read(s, text, NULL, file, err);

	if (e != E_OK)
		return e;
	if (instance_fill(s) != E_OK)
		return fault_plain(&f, "the configuration is too large"), refuse(err, file, text, &f);
	if (secrets_read(s, &f) != E_OK || settings_validate(s, &f) != E_OK)
		return refuse(err, file, text, &f);
	return E_OK;
}

int settings_load(struct slice text, const char *file, struct settings_error *err)
{
	int e = prepare(text, file, err);

	if (e == E_OK)
		settings_swap();
	instance_clear(settings_spare());
	return e;
}

/* A file of secrets is nobody else's to read, and no configuration anybody else's to write
 * (A-37). */
static int exposed(const char *path, struct fault *f)
{
	int who = port_file_exposed(path);

	if (who > 0 && (who & PORT_FILE_OTHERS_WRITE) != 0)
		return fault_plain(f, "others may write this file; `chmod go-w` it");
	if (who > 0 && (who & PORT_FILE_OTHERS_READ) != 0 && secrets_held(settings_spare()))
		return fault_plain(f, "others may read this file and it holds passwords; `chmod 600` it");
	return E_OK;
}

static int load_file(const char *path, struct settings_error *err, uint32_t *crc)
{
	struct fault f = { .type = -1 };
	struct slice text;
	int len = file_read(path, store.buffer, sizeof store.buffer), e;

	memset(err, 0, sizeof *err);
	*crc = len > 0 ? crc32c(0, store.buffer, (size_t)len) : 0;
	text = slice_of(store.buffer, len > 0 ? (size_t)len : 0);
	if (len == E_LIMIT) {
		fault_plain(&f, "the file is too large");
		e = refuse(err, path, text, &f);
	} else if (len < 0) {
		fault_plain(&f, len == E_NOENT ? "there is no such file" : len == E_ACCESS ?
			"may not be read" : "cannot be read");
		e = refuse(err, path, text, &f);
	} else {
		e = prepare(text, path, err);
		if (e == E_OK && exposed(path, &f) != E_OK)
			e = refuse(err, path, text, &f);
	}
	/* What was never written stays untouched: pages that nobody needs. */
	mem_wipe(store.buffer, len >= 0 ? (size_t)len : len == E_NOENT || len == E_ACCESS ? 0 :
		sizeof store.buffer);
	return e;
}

int settings_load_file(const char *path, struct settings_error *err)
{
	struct fmt f = fmt_on(store.path, sizeof store.path);
	uint32_t crc;
	int e = load_file(path, err, &crc);

	if (path != store.path && e == E_OK) {
		fmt_str(&f, path);
		fmt_cstr(&f);
	}
	if (e == E_OK) {
		store.crc = crc;
		settings_swap();
	}
	instance_clear(settings_spare());
	return e;
}

int settings_check_file(const char *path, struct settings_error *err, const struct settings **out)
{
	uint32_t crc;
	int e = load_file(path, err, &crc);

	if (e != E_OK)
		instance_clear(settings_spare());
	if (out != NULL)
		*out = settings_spare();
	return e;
}
