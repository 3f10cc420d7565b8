/*
 * commit.c - the candidate becomes the running configuration: validated, written, swapped, applied;
 * and all of it taken back when a step fails.
 */
#include <string.h>

#include "base/crc.h"
#include "config/candidate.h"
#include "config/store.h"
#include "config/value.h"

static char before[BOARD_CONFIG_TEXT]; /* the file as it was */

int settings_text_make(const struct settings *s, char *buf, size_t cap)
{
	struct fmt out = fmt_on(buf, cap);
	struct cfg_cursor at = { 0, 0, 0, 0, 0 };
	int e;

	do {
		e = settings_write(s, &at, true, &out);
	} while (e == E_MORE && !out.over);
	return out.over ? E_LIMIT : (int)out.len;
}

static int refuse(struct fmt *why, int e, const char *text)
{
	fmt_str(why, text);
	return e;
}

/* The candidate, complete and validated, in the spare. */
static int prepare(struct fmt *why)
{
	struct settings *s = settings_spare();
	struct fault f = { .type = -1 };

	if (instance_copy(s, settings_candidate()) != E_OK)
		return refuse(why, E_LIMIT, "the configuration is too large");
	if (secrets_read(s, &f) != E_OK || settings_validate(s, &f) != E_OK)
		return refuse(why, E_ARG, f.text);
	return E_OK;
}

/* The file as it is, into `before`; it must be what was loaded. */
static int file_before(struct fmt *why)
{
	int len = file_read(settings_path(), before, sizeof before);

	if (len == E_NOENT)
		return 0;
	if (len < 0)
		fmt_printf(why, "%s cannot be read: %s", settings_path(), error_text(len));
	else if (crc32c(0, before, (size_t)len) != settings_file_crc())
		return refuse(why, E_INUSE, "somebody else has changed the file since it was loaded; "
			"reload it, then make the changes again");
	return len;
}

static int file_write(const char *text, int len, struct fmt *why)
{
	int e = port_file_replace(settings_path(), text, (size_t)len);

	if (e != E_OK)
		fmt_printf(why, "%s cannot be written: %s", settings_path(), error_text(e));
	return e;
}

static int apply_swapped(int (*apply)(char *why, size_t cap), int len_before, struct fmt *why)
{
	char text[320] = "", again[320];
	struct fmt nowhere = fmt_on(again, sizeof again);
	int e;

	settings_swap();
	e = apply(text, sizeof text);
	if (e == E_OK)
		return E_OK;
	fmt_str(why, text[0] != '\0' ? text : error_text(e));
	settings_swap_back();
	candidate_rebase();
	(void)file_write(before, len_before, &nowhere);
	(void)apply(again, sizeof again);
	return e;
}

static int commit(int (*apply)(char *why, size_t cap), struct fmt *why)
{
	char *text = settings_buffer();
	int len_before, len, e = prepare(why);

	if (e != E_OK)
		return e;
	len_before = file_before(why);
	if (len_before < 0)
		return len_before;
	len = settings_text_make(settings_candidate(), text, BOARD_CONFIG_TEXT);
	if (len < 0)
		return refuse(why, E_LIMIT, "the configuration is too large");
	e = file_write(text, len, why);
	if (e == E_OK)
		e = apply_swapped(apply, len_before, why);
	if (e == E_OK)
		settings_file_crc_set(crc32c(0, text, (size_t)len));
	return e;
}

int candidate_commit(int (*apply)(char *why, size_t cap), struct fmt *why)
{
	int e;

	if (!candidate_exists())
		return refuse(why, E_NOENT, "nothing has changed");
	if (candidate_base() != settings_generation())
		return refuse(why, E_INUSE, "the configuration was reloaded after these changes began; "
			"revert, then make them again");
	if (settings_path()[0] == '\0')
		return refuse(why, E_NOENT, "the running configuration did not come from a file");
	e = commit(apply, why);
	if (e == E_OK)
		candidate_drop();
	mem_wipe(before, sizeof before);
	mem_wipe(settings_buffer(), BOARD_CONFIG_TEXT);
	instance_clear(settings_spare());
	return e;
}
