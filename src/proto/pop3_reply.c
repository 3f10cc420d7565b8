/*
 * pop3_reply.c - the replies of pop3_reply.h as text.
 */
#include "proto/pop3_reply.h"

#define POP3_REPLY_ROW(name, status, code, text) { status, code, text },
static const struct {
	const char *status, *code, *text;
} replies[POP3_SAY_COUNT] = { POP3_REPLIES(POP3_REPLY_ROW) };
#undef POP3_REPLY_ROW

#define POP3_REPLY_NAME(name, status, code, text) #name,
const char *const pop3_say_name[POP3_SAY_COUNT] = { POP3_REPLIES(POP3_REPLY_NAME) };
#undef POP3_REPLY_NAME

void pop3_say_put(struct fmt *f, enum pop3_say what)
{
	const char *code = replies[what].code;
	bool coded = code[0] != '\0';

	if (what == POP3_SAY_NOTHING)
		return;
	fmt_printf(f, "%s %s%s%s%s\r\n", replies[what].status, coded ? "[" : "", code,
		coded ? "] " : "", replies[what].text);
}
