/*
 * commands.h - the handlers of the command table, by file. Each is as console/command.h describes.
 */
#ifndef GATEWAY_COMMANDS_H
#define GATEWAY_COMMANDS_H

#include "console/command.h"

/* commands_config.c */
int command_get(struct command_call *call, struct fmt *out);
int command_set(struct command_call *call, struct fmt *out);
int command_add(struct command_call *call, struct fmt *out);
int command_delete(struct command_call *call, struct fmt *out);
int command_add_list(struct command_call *call, struct fmt *out);
int command_del_list(struct command_call *call, struct fmt *out);
int command_move(struct command_call *call, struct fmt *out);
int command_changes(struct command_call *call, struct fmt *out);
int command_revert(struct command_call *call, struct fmt *out);
int command_commit(struct command_call *call, struct fmt *out);
int command_export(struct command_call *call, struct fmt *out);
int command_import(struct command_call *call, struct fmt *out);
int command_passwd(struct command_call *call, struct fmt *out);

/* What a call of a listing keeps between two calls. */
struct cfg_cursor;
void command_cursor_load(const struct command_call *call, struct cfg_cursor *at);
void command_cursor_keep(struct command_call *call, const struct cfg_cursor *at);

/* commands_show.c */
int command_show(struct command_call *call, struct fmt *out);
const char *command_show_offer(unsigned i, const char **help);

/* commands_log.c */
int command_log(struct command_call *call, struct fmt *out);
int command_log_list(struct command_call *call, struct fmt *out);
const char *command_log_offer(unsigned i, const char **help);

/* commands_check.c */
int command_check(struct command_call *call, struct fmt *out);

/* Appends a text as a JSON string with its quotes. */
void command_json_string(struct fmt *out, struct slice text);

/* Whether the last word is --json; it is then taken away from call->words. */
bool command_wants_json(struct command_call *call);

/* Where that is noted: in this place of the cursor. */
enum { COMMAND_JSON = COMMAND_CURSORS - 1 };

#endif
