/*
 * fuzz_uci.c - configuration texts: whatever is taken must be written and read back as the same, and
 * be validated without harm. Words of a console line go the same way through the dispatcher.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/candidate.h"
#include "config/store.h"
#include "config/value.h"
#include "console/dispatch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char text[4 * BOARD_CONFIG_TEXT], again[4 * BOARD_CONFIG_TEXT];

static void round_trip(struct settings *s)
{
	struct settings_error err;
	int len = settings_text_make(s, text, sizeof text), back;

	if (len < 0)
		abort();
	if (settings_read(settings_spare(), slice_of(text, (size_t)len), NULL, "f", &err) != E_OK)
		abort();
	back = settings_text_make(settings_spare(), again, sizeof again);
	if (back != len || memcmp(text, again, (size_t)len) != 0)
		abort();
	if (instance_copy(settings_spare(), s) != E_OK)
		abort();
	back = settings_text_make(settings_spare(), again, sizeof again);
	if (back != len || memcmp(text, again, (size_t)len) != 0)
		abort();
}

static void words(const uint8_t *data, size_t size)
{
	struct slice word[COMMAND_WORDS_MAX];
	char line[1024];
	int n;

	if (size > sizeof line)
		size = sizeof line;
	memcpy(line, data, size);
	n = dispatch_split(line, size, word);
	for (int i = 0; i < n; i++)
		if (word[i].p < (uint8_t *)line || word[i].p + word[i].len > (uint8_t *)line + size)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings *s = settings_candidate();
	struct settings_error err;
	struct fault f = { .type = -1 };
	char sentence[400];
	int e = settings_read(s, slice_of(data, size), NULL, "f", &err);

	words(data, size);
	if (e != E_OK) {
		if (err.text[0] == '\0' || err.line == 0)
			abort();
		instance_clear(s);
		return 0;
	}
	round_trip(s);
	if (instance_fill(s) != E_OK)
		return 0;
	round_trip(s);
	if (settings_validate(s, &f) != E_OK) {
		if (f.text[0] == '\0' || (f.type >= 0 && settings_line(slice_of(data, size), &f) == 0))
			abort();
	}
	for (unsigned i = 0; i < 64; i++) {
		struct fmt out = fmt_on(sentence, sizeof sentence);

		if (settings_warning(s, i, &out) != E_OK)
			break;
	}
	instance_clear(s);
	return 0;
}
