/*
 * smtp_reply.c - the replies of smtp_reply.h as text.
 */
#include "proto/smtp_reply.h"

#define SMTP_REPLY_ROW(name, code, enhanced, text) { code, enhanced, text },
static const struct {
	uint16_t code;
	const char *enhanced, *text;
} replies[SMTP_SAY_COUNT] = { SMTP_REPLIES(SMTP_REPLY_ROW) };
#undef SMTP_REPLY_ROW

uint16_t smtp_say_code(enum smtp_say what)
{
	return replies[what].code;
}

const char *smtp_say_enhanced(enum smtp_say what)
{
	return replies[what].enhanced;
}

void smtp_say_put(struct fmt *f, enum smtp_say what)
{
	const char *enhanced = replies[what].enhanced;

	fmt_printf(f, "%u %s%s%s\r\n", (unsigned)replies[what].code, enhanced,
		enhanced[0] != '\0' ? " " : "", replies[what].text);
}
