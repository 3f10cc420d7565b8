/*
 * settings_rows.h - the rows of settings.def, each secret being two rows; forgets the macros behind
 * it. Included several times, each time with other definitions of the macros.
 */
#define SECRET(section, name, flags, help) \
	OPTION(section, name, PASSWORD, "", 1, 255, (flags) | SETTING_SECRET, help) \
	OPTION(section, name##_file, PATH, "", 1, 255, SETTING_FILE, "file whose first line is " #name)
#include "config/settings.def"
#undef SECRET
#undef WORDS_BEGIN
#undef WORD
#undef WORDS_END
#undef SECTION_BEGIN
#undef SECTION_END
#undef OPTION
#undef CHOICE
