/*
 * error.c - the texts of error.h.
 */
#include "error.h"

const char *error_text(int result)
{
#define ERROR_TEXT(name, value, text) [-(value)] = (text),
	static const char *const texts[] = { ERROR_LIST(ERROR_TEXT) };
#undef ERROR_TEXT

	if (result >= 0)
		return texts[0];
	if (result <= -(int)(sizeof texts / sizeof texts[0]))
		return "unknown error";
	return texts[-result];
}
