/*
 * relay_mail.c - MAIL FROM: kept in the transaction until the first recipient tells where it goes.
 */
#include <string.h>

#include "board.h"
#include "gateway/relay.h"

POOL_DEFINE(transaction, struct transaction, BOARD_TRANSACTIONS);

int relay_refuse(struct session *s, enum smtp_say what)
{
	relay_say(s, what);
	relay_error(s);
	return E_OK;
}

int relay_refuse_text(struct session *s, unsigned code, const char *status, const char *text)
{
	char line[200];
	struct fmt f = fmt_on(line, sizeof line);
	bool small = 'a' <= text[0] && text[0] <= 'z';

	fmt_printf(&f, "%u %s %c%s\r\n", code, status, text[0] - (small ? 32 : 0), text + 1);
	relay_put(s, &f);
	relay_error(s);
	return E_OK;
}

/* What MAIL says besides the path. E_OK, or a reply was said. */
static int mail_params(struct session *s, struct slice words, struct transaction *t)
{
	const struct relay *r = relay_of(s);
	struct mail_params p;
	struct slice which;
	enum param_error why;

	if (mail_params_parse(words, r->esmtp ? PARAMS_MAIL : 0, &p, &why, &which) != E_OK) {
		const struct param_reply *no = param_error_reply(why);

		relay_refuse_text(s, no->code, no->status, no->text);
		return E_ARG;
	}
	if (p.size > settings_running()->gateway[0].max_message) {
		relay_refuse(s, SAY_TOO_BIG);
		return E_ARG;
	}
	t->size = (p.given & PARAM_SIZE) != 0 ? p.size : 0;
	t->body = (uint8_t)p.body;
	t->ret = (uint8_t)p.ret;
	t->utf8 = (p.given & PARAM_SMTPUTF8) != 0;
	t->envid_len = (uint8_t)p.envid.len;
	if (p.envid.len > 0)
		memcpy(t->envid, p.envid.p, p.envid.len);
	return E_OK;
}

static int mail_path(struct session *s, struct slice arg, struct path *path, struct slice *rest)
{
	enum path_error why;

	if (path_keyword(&arg, "FROM", PATH_LENIENT) != E_OK) {
		relay_refuse(s, SAY_ARGUMENT);
		return E_ARG;
	}
	if (path_parse(arg, PATH_LENIENT | PATH_UTF8, path, rest, &why) != E_OK) {
		const struct path_reply *no = path_error_reply(why);

		relay_refuse_text(s, no->code, no->sender_status, no->text);
		return E_ARG;
	}
	return E_OK;
}

int relay_mail(struct session *s, struct slice arg)
{
	struct relay *r = relay_of(s);
	struct transaction *t;
	struct slice rest;
	struct path path;

	if (s->policy.auth == CFG_LISTENER_AUTH_REQUIRED && !signin_done(&r->in))
		return relay_refuse(s, relay_secure(s) || s->policy.plain_auth ? SAY_NEED_AUTH :
			SAY_NEED_TLS);
	if (mail_path(s, arg, &path, &rest) != E_OK)
		return E_OK;
	t = pool_get(&pool_transaction);
	if (t == NULL)
		return relay_refuse(s, SAY_NO_MEMORY);
	r->txn = t;
	if (mail_params(s, rest, t) != E_OK) {
		relay_drop_transaction(s);
		return E_OK;
	}
	if (path.utf8 && !t->utf8) {
		relay_drop_transaction(s);
		return relay_refuse(s, SAY_UTF8_SENDER);
	}
	t->reverse_path_len = (uint16_t)path.mailbox.len;
	if (path.mailbox.len > 0)
		memcpy(t->reverse_path, path.mailbox.p, path.mailbox.len);
	relay_phase(s, SMTP_MAIL);
	relay_say(s, SAY_MAIL_OK);
	return E_OK;
}
