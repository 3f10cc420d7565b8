/*
 * commands_log.c - `log`: the lines that are kept, one session's alone, or new ones as they come.
 *
 * Who follows keeps the number of the next line; lines that were overwritten before the console
 * could take them are counted. The log itself never waits for anybody.
 */
#include <string.h>

#include "base/log.h"
#include "gateway/commands.h"

/* Places of the cursor. */
enum { NEXT, LISTED, SESSION, BEGUN };
enum { ROW_ROOM = 400, FOLLOW_FIRST = 10 };

static uint32_t oldest(uint32_t last)
{
	return last >= LOG_KEPT ? last - LOG_KEPT + 1 : 1;
}

/* Whether a line is one of a session. */
static bool about(const char *line, uint32_t len, uint32_t session)
{
	char head[24];
	struct fmt f = fmt_on(head, sizeof head);

	fmt_printf(&f, "session %u:", (unsigned)session);
	return session == 0 || (len >= f.len && memcmp(line, head, f.len) == 0);
}

static void line_put(struct command_call *call, struct fmt *out, const char *line, uint32_t len)
{
	bool first = call->cursor[LISTED]++ == 0;

	if (call->cursor[COMMAND_JSON] == 0) {
		fmt_printf(out, "%.*s\n", (int)len, line);
		return;
	}
	fmt_char(out, first ? '[' : ',');
	command_json_string(out, slice_of(line, len));
}

/* Lines from the cursor on. E_OK when all are written, E_MORE. */
static int lines_put(struct command_call *call, struct fmt *out)
{
	uint32_t *next = &call->cursor[NEXT], len;
	const char *line;

	for (; *next <= log_last(); ++*next) {
		if (out->cap - out->len < 3 * ROW_ROOM)
			return E_MORE;
		if (*next < oldest(log_last())) {
			if (call->follows)
				fmt_printf(out, "(%u lines left out)\n", (unsigned)(oldest(log_last()) - *next));
			*next = oldest(log_last());
		}
		if (log_kept(*next, &line, &len) == E_OK && about(line, len, call->cursor[SESSION]))
			line_put(call, out, line, len);
	}
	return E_OK;
}

int command_log_list(struct command_call *call, struct fmt *out)
{
	if (call->cursor[BEGUN]++ == 0)
		call->cursor[NEXT] = oldest(log_last());
	if (lines_put(call, out) == E_MORE)
		return E_MORE;
	if (call->cursor[COMMAND_JSON] != 0)
		fmt_str(out, call->cursor[LISTED] == 0 ? "[]\n" : "]\n");
	else if (call->cursor[LISTED] == 0)
		fmt_str(out, "nothing was logged\n");
	return E_OK;
}

static int follow(struct command_call *call, struct fmt *out)
{
	uint32_t last = log_last();

	call->follows = true;
	if (call->cursor[BEGUN]++ == 0)
		call->cursor[NEXT] = last > FOLLOW_FIRST ? last - FOLLOW_FIRST + 1 : 1;
	if (lines_put(call, out) == E_MORE)
		return E_MORE;
	log_wait(&call->wait, call->owner);
	return E_AGAIN;
}

static const char *const ways[] = { "follow", "trace", NULL };

static const char *way_name(unsigned i)
{
	return ways[i];
}

const char *command_log_offer(unsigned i, const char **help)
{
	*help = i == 0 ? "new lines as they come; a key ends it" : "the lines of one session";
	return ways[i];
}

int command_log(struct command_call *call, struct fmt *out)
{
	int way = call->words > 1 ? command_match(call->word[1], way_name) : 2;
	uint64_t session = 0;

	if (call->ended)
		return E_OK;
	if (way == 0 && call->words == 2)
		return follow(call, out);
	if (way == 2 || (way == 1 && call->words == 3 &&
			slice_u64(call->word[2], UINT32_MAX, &session) == E_OK && session > 0)) {
		call->cursor[SESSION] = (uint32_t)session;
		return command_log_list(call, out);
	}
	return command_fail(call, E_ARG, "usage: log [follow|trace ID], ID the number of a session");
}
