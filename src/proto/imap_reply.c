/*
 * imap_reply.c - the replies of imap_reply.h as text.
 */
#include "proto/imap_reply.h"

#define IMAP_REPLY_ROW(name, status, code, text) { status, code, text },
static const struct {
	const char *status, *code, *text;
} replies[IMAP_SAY_COUNT] = { IMAP_REPLIES(IMAP_REPLY_ROW) };
#undef IMAP_REPLY_ROW

#define IMAP_REPLY_NAME(name, status, code, text) #name,
const char *const imap_say_name[IMAP_SAY_COUNT] = { IMAP_REPLIES(IMAP_REPLY_NAME) };
#undef IMAP_REPLY_NAME

static bool is_untagged(enum imap_say what)
{
	return what == IMAP_SAY_BAD_TAG || slice_is(slice_str(replies[what].status), "BYE");
}

void imap_say_put(struct fmt *f, struct slice tag, enum imap_say what)
{
	const char *code = replies[what].code;
	bool coded = code[0] != '\0';

	if (what == IMAP_SAY_NOTHING)
		return;
	if (tag.len == 0 || is_untagged(what))
		tag = slice_str("*");
	fmt_slice(f, tag);
	fmt_printf(f, " %s %s%s%s%s\r\n", replies[what].status, coded ? "[" : "", code,
		coded ? "] " : "", replies[what].text);
}
