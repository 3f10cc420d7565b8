/*
 * commands_check.c - `check`: findings as they come, for people or as JSON.
 */
#include "gateway/check.h"
#include "gateway/commands.h"

/* Places of the cursor. */
enum { BEGUN, NUMBER, LINES, JSON = COMMAND_CURSORS - 1 };

static void finding_json(struct fmt *out, const struct check_finding *n, bool first)
{
	fmt_str(out, first ? "" : ",");
	fmt_str(out, "{\"account\":");
	command_json_string(out, slice_str(n->account));
	fmt_printf(out, ",\"service\":\"%s\",\"step\":\"%s\",\"good\":%s,\"ms\":%u,\"text\":",
		n->service, check_step_name[n->step], n->good ? "true" : "false", (unsigned)n->ms);
	command_json_string(out, slice_str(n->text));
	fmt_str(out, ",\"advice\":");
	command_json_string(out, slice_str(n->advice));
	fmt_char(out, '}');
}

static int begin(struct command_call *call, struct fmt *out)
{
	char account[33];
	struct fmt f = fmt_on(account, sizeof account - 1);
	int number;

	command_wants_json(call);
	if (call->words > 2)
		return command_fail(call, E_ARG, "usage: check [ACCOUNT] [--json]");
	if (call->words > 1)
		fmt_clean(&f, call->word[1], sizeof account - 1);
	number = check_start(fmt_cstr(&f), call->owner);
	if (number < 0)
		return command_fail(call, number, "%s", number == E_NOENT ? "there is no such account" :
			"too many checks at once");
	call->cursor[BEGUN] = 1;
	call->cursor[NUMBER] = (uint32_t)number;
	if (call->cursor[JSON] != 0)
		fmt_str(out, "{\"findings\":[");
	return E_OK;
}

int command_check(struct command_call *call, struct fmt *out)
{
	struct check_finding n;
	bool json;
	int e = E_MORE;

	if (call->ended) {
		if (call->cursor[BEGUN] != 0)
			check_stop((int)call->cursor[NUMBER]);
		return E_OK;
	}
	if (call->cursor[BEGUN] == 0 && begin(call, out) != E_OK)
		return E_ARG;
	json = call->cursor[JSON] != 0;
	while (out->cap - out->len > 1500) {
		e = check_poll((int)call->cursor[NUMBER], &n);
		if (e != E_MORE)
			break;
		if (json)
			finding_json(out, &n, call->cursor[LINES]++ == 0);
		else
			check_finding_put(out, &n);
	}
	if (e == E_MORE || e == E_AGAIN)
		return e == E_AGAIN && out->len == 0 ? E_AGAIN : E_MORE;
	call->cursor[BEGUN] = 0;
	if (json)
		fmt_printf(out, "],\"good\":%s}\n", e == E_OK ? "true" : "false");
	return e == E_OK ? E_OK : command_fail(call, E_PROTO, "at least one account has a fault");
}
