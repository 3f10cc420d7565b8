/*
 * relay_rcpt.c - recipients and the opening of DATA: the first recipient tells which account
 * carries the mail; then the provider is asked and each of its verdicts is passed on.
 */
#include <string.h>

#include "base/log.h"
#include "board.h"
#include "gateway/host.h"
#include "gateway/relay.h"
#include "gateway/route.h"

enum { RCPT_MAX = 1000 };

/* ---- the way to the provider ---- */

enum smtp_say relay_failure_say(const struct upstream *u)
{
	if (u->failed_stage == UP_PLACE)
		return SAY_NO_MEMORY;
	if (u->error == E_TLS || u->tls_why != TLS_FINE || u->talk.failure == TALK_NO_STARTTLS ||
			u->talk.failure == TALK_TLS_REFUSED)
		return u->tls_why == TLS_NO_SLOT ? SAY_NO_MEMORY : SAY_UP_TLS;
	if (u->talk.failure == TALK_AUTH_REFUSED || u->talk.failure == TALK_NO_MECH ||
			u->talk.failure == TALK_CREDENTIALS)
		return SAY_UP_AUTH;
	if (u->talk.failure == TALK_AUTH_TEMP)
		return SAY_UP_AUTH_TEMP;
	return u->failed_stage == UP_READY ? SAY_LOST : SAY_NOT_REACHED;
}

int relay_upstream_need(struct session *s, const char *account, struct slice login,
	struct slice secret)
{
	struct relay *r = relay_of(s);

	if (r->up != NULL && strcmp(r->up->account, account) != 0)
		relay_drop_upstream(s);
	if (r->up == NULL) {
		r->up = pool_get(&pool_upstream);
		if (r->up == NULL)
			return E_NOSLOT;
		if (upstream_start(r->up, account, UP_SMTP, login, secret) != E_OK) {
			relay_drop_upstream(s);
			return E_NOENT;
		}
	}
	if (r->up->stage == UP_FAILED)
		return E_RESET;
	return r->up->stage == UP_READY ? E_OK : E_AGAIN;
}

/* ---- asking ---- */

static void path_put(struct fmt *f, const char *verb, const void *path, size_t len)
{
	fmt_printf(f, "%s:<", verb);
	fmt_bytes(f, path, len);
	fmt_char(f, '>');
}

static int mail_ask(struct session *s)
{
	struct relay *r = relay_of(s);
	struct transaction *t = r->txn;
	unsigned caps = r->up->smtp.caps;
	char line[SMTP_COMMAND_MAX];
	struct fmt f = fmt_on(line, sizeof line);
	bool own = t->rewrite && t->reverse_path_len > 0 && t->address[0] != '\0';

	path_put(&f, "MAIL FROM", own ? t->address : t->reverse_path,
		own ? strlen(t->address) : t->reverse_path_len);
	if ((caps & SMTP_HAS_SIZE) != 0 && t->size > 0)
		fmt_printf(&f, " SIZE=%llu", (unsigned long long)t->size);
	if ((caps & SMTP_HAS_8BITMIME) != 0 && t->body != BODY_NONE)
		fmt_printf(&f, " BODY=%s", params_body_text[t->body]);
	if (t->utf8)
		fmt_str(&f, " SMTPUTF8");
	if ((caps & SMTP_HAS_DSN) != 0 && t->ret != RET_NONE)
		fmt_printf(&f, " RET=%s", params_ret_text[t->ret]);
	if ((caps & SMTP_HAS_DSN) != 0 && t->envid_len > 0)
		fmt_printf(&f, " ENVID=%.*s", (int)t->envid_len, t->envid);
	fmt_str(&f, "\r\n");
	return f.over ? E_LIMIT : upstream_ask(r->up, &s->up, SMTP_ASK_MAIL, fmt_result(&f));
}

static int rcpt_ask(struct session *s, const struct path *path, const struct rcpt_params *p)
{
	struct relay *r = relay_of(s);
	char line[SMTP_COMMAND_MAX];
	struct fmt f = fmt_on(line, sizeof line);

	path_put(&f, "RCPT TO", path->mailbox.p, path->mailbox.len);
	if ((r->up->smtp.caps & SMTP_HAS_DSN) != 0) {
		if ((p->given & PARAM_NOTIFY) != 0)
			fmt_printf(&f, " NOTIFY=%s", params_notify_text(p->notify));
		if ((p->given & PARAM_ORCPT) != 0)
			fmt_printf(&f, " ORCPT=%.*s", (int)p->orcpt.len, (const char *)p->orcpt.p);
	}
	fmt_str(&f, "\r\n");
	return f.over ? E_LIMIT : upstream_ask(r->up, &s->up, SMTP_ASK_RCPT, fmt_result(&f));
}

/* A reply that ends our own sign-in's validity is not the device's business. */
static bool is_owners_trouble(const struct talk_reply *reply)
{
	return reply->code == 530 || reply->code == 535 || reply->code == 538 || reply->code == 534;
}

int relay_answers(struct session *s)
{
	struct relay *r = relay_of(s);
	struct transaction *t = r->txn;
	uint8_t answered = r->up != NULL ? r->up->smtp.answered : 0;

	if (answered < SMTP_ASK_MAIL || answered > SMTP_ASK_DOT) {
		if (r->up != NULL)
			r->up->smtp.answered = 0;
		return 0;
	}
	r->up->smtp.answered = 0;
	if (t == NULL || r->up->talk.reply.code == 421)
		return 1;
	if (is_owners_trouble(&r->up->talk.reply))
		log_line(PORT_LOG_WARN, "account %s: the provider wants another sign-in: %u %.*s",
			r->up->account, (unsigned)r->up->talk.reply.code, (int)r->up->talk.reply.text_len,
			r->up->talk.reply.text);
	if (answered == SMTP_ASK_MAIL) {
		t->mail_answered = true;
		t->mail_refused = r->up->talk.reply.code / 100 != 2;
		t->mail_reply = r->up->talk.reply;
		return 1;
	}
	t->rcpt_answered = t->rcpt_answered || answered == SMTP_ASK_RCPT;
	t->data_answered = t->data_answered || answered == SMTP_ASK_DATA;
	t->dot_answered = t->dot_answered || answered == SMTP_ASK_DOT;
	t->reply = r->up->talk.reply;
	return 1;
}

/* ---- RCPT ---- */

/* The account of a recipient, kept in the transaction with the first one. SAY_NOTHING, or the
 * refusal. */
static enum smtp_say account_choose(struct session *s, const struct path *rcpt)
{
	struct relay *r = relay_of(s);
	struct transaction *t = r->txn;
	const struct settings *set = settings_running();
	struct route_query q = { r->in.user, r->in.account,
		slice_of(t->reverse_path, t->reverse_path_len), rcpt->mailbox, &s->peer };
	const struct cfg_account *a = NULL;
	int e = route_select(set, &q, &a);
	const char *name, *address;
	struct fmt f;

	if (e != E_OK)
		return e == E_ACCESS ? SAY_REJECTED : SAY_NO_RELAY;
	if (a->smtp_host == 0)
		return SAY_NO_RELAY;
	name = settings_text(set, a->head.name);
	if (t->account[0] != '\0')
		return strcmp(t->account, name) == 0 ? SAY_NOTHING : SAY_ROUTE_SPLIT;
	if (a->login == CFG_LOGIN_CLIENT && strcmp(name, r->in.account) != 0)
		return SAY_NEED_AUTH;
	f = fmt_on(t->account, sizeof t->account - 1);
	fmt_str(&f, name);
	t->rewrite = a->from == CFG_FROM_REWRITE;
	address = settings_text(set, a->address);
	if (address[0] == '\0' && a->login == CFG_LOGIN_CLIENT && strchr(r->login, '@') != NULL)
		address = r->login;
	f = fmt_on(t->address, sizeof t->address - 1);
	fmt_str(&f, address);
	t->rewrite = t->rewrite && address[0] != '\0';
	return SAY_NOTHING;
}

/* What only the open connection can tell (SC-18, SS-49). */
static enum smtp_say provider_takes(const struct relay *r)
{
	const struct smtp_client *c = &r->up->smtp;
	const struct transaction *t = r->txn;

	if (t->utf8 && (c->caps & SMTP_HAS_SMTPUTF8) == 0)
		return SAY_NO_UTF8;
	if (c->size_max > 0 && t->size > c->size_max)
		return SAY_TOO_BIG;
	return SAY_NOTHING;
}

static int rcpt_done(struct session *s, const struct talk_reply *reply)
{
	struct relay *r = relay_of(s);

	r->txn->rcpt_asked = r->txn->rcpt_answered = false;
	if (is_owners_trouble(reply))
		relay_say(s, SAY_UP_AUTH);
	else
		relay_say_verdict(s, reply);
	if (reply->code / 100 == 2)
		relay_phase(s, SMTP_RCPT);
	else
		relay_error(s);
	return E_OK;
}

/* Asks the provider, one step a call. E_AGAIN until its verdict is there. */
static int rcpt_pass(struct session *s, const struct path *path, const struct rcpt_params *p)
{
	struct relay *r = relay_of(s);
	struct transaction *t = r->txn;
	bool pipelined = (r->up->smtp.caps & SMTP_HAS_PIPELINING) != 0;
	enum smtp_say no = provider_takes(r);

	if (no != SAY_NOTHING)
		return relay_refuse(s, no);
	if (!t->mail_asked) {
		if (!talk_idle(&r->up->talk) || mail_ask(s) != E_OK)
			return E_AGAIN;
		t->mail_asked = true;
	}
	if (t->mail_answered && t->mail_refused && (!t->rcpt_asked || t->rcpt_answered))
		return rcpt_done(s, &t->mail_reply);
	if (!t->rcpt_asked && (pipelined || t->mail_answered) && rcpt_ask(s, path, p) == E_OK)
		t->rcpt_asked = true;
	if (!t->rcpt_answered)
		return E_AGAIN;
	if (t->reply.code / 100 == 2 && t->rcpt_good++ == 0 && path->mailbox.len <= sizeof t->rcpt) {
		memcpy(t->rcpt, path->mailbox.p, path->mailbox.len);
		t->rcpt_len = (uint16_t)path->mailbox.len;
	}
	return rcpt_done(s, &t->reply);
}

static int rcpt_parse(struct session *s, struct slice arg, struct path *path,
	struct rcpt_params *p)
{
	struct relay *r = relay_of(s);
	unsigned flags = PATH_LENIENT | PATH_RECIPIENT | (r->txn->utf8 ? PATH_UTF8 : 0);
	enum path_error why;
	enum param_error bad;
	struct slice rest, which;

	if (path_keyword(&arg, "TO", PATH_LENIENT) != E_OK) {
		relay_refuse(s, SAY_ARGUMENT);
		return E_ARG;
	}
	if (path_parse(arg, flags, path, &rest, &why) != E_OK) {
		const struct path_reply *no = path_error_reply(why);

		relay_refuse_text(s, no->code, no->recipient_status, no->text);
		return E_ARG;
	}
	if (rcpt_params_parse(rest, r->esmtp ? PARAMS_RCPT | (r->txn->utf8 ? PARAM_UTF8 : 0) : 0, p,
			&bad, &which) != E_OK) {
		const struct param_reply *no = param_error_reply(bad);

		relay_refuse_text(s, no->code, no->status, no->text);
		return E_ARG;
	}
	return E_OK;
}

/* The provider cannot be used: the transaction stays, another recipient tries anew. */
static int unreachable(struct session *s, int e)
{
	struct relay *r = relay_of(s);
	enum smtp_say what = r->up != NULL ? relay_failure_say(r->up) : SAY_NO_MEMORY;
	struct transaction *t = r->txn;

	if (e == E_NOENT)
		what = SAY_LOCAL_ERROR;
	relay_drop_upstream(s);
	t->mail_asked = t->mail_answered = t->rcpt_asked = t->rcpt_answered = false;
	t->lost = t->rcpt_good > 0;
	return relay_refuse(s, what);
}

int relay_rcpt(struct session *s, struct slice arg)
{
	struct relay *r = relay_of(s);
	struct rcpt_params p;
	enum smtp_say no;
	struct path path;
	int e;

	if (rcpt_parse(s, arg, &path, &p) != E_OK)
		return E_OK;
	if (r->txn->rcpt_good >= RCPT_MAX) {
		relay_say(s, SAY_TOO_MANY_RCPT);
		return E_OK;
	}
	no = account_choose(s, &path);
	if (no != SAY_NOTHING)
		return no == SAY_ROUTE_SPLIT ? (relay_say(s, no), E_OK) : relay_refuse(s, no);
	if (r->txn->lost)
		return relay_refuse(s, SAY_LOST);
	if (r->up == NULL && strcmp(r->txn->account, r->in.account) == 0) {
		/* The client's own password is gone by now (DECISIONS 13). */
		relay_say(s, SAY_SIGN_IN_AGAIN);
		relay_phase(s, SMTP_QUIT);
		return E_OK;
	}
	e = relay_upstream_need(s, r->txn->account, (struct slice){ NULL, 0 },
		(struct slice){ NULL, 0 });
	if (e == E_AGAIN)
		return E_AGAIN;
	return e == E_OK ? rcpt_pass(s, &path, &p) : unreachable(s, e);
}

/* ---- DATA ---- */

/* Asks for DATA. E_OK: phase BODY and ready for content; E_AGAIN; E_PROTO: refused, which was
 * said. */
int relay_data_open(struct session *s)
{
	struct relay *r = relay_of(s);
	struct transaction *t = r->txn;

	if (t->lost || r->up == NULL || r->up->stage == UP_FAILED) {
		relay_drop_transaction(s);
		relay_phase(s, SMTP_READY);
		relay_refuse(s, SAY_LOST);
		return E_PROTO;
	}
	if (!t->data_asked) {
		if (upstream_ask(r->up, &s->up, SMTP_ASK_DATA, slice_str("DATA\r\n")) != E_OK)
			return E_AGAIN;
		t->data_asked = true;
	}
	if (!t->data_answered)
		return E_AGAIN;
	if (t->reply.code / 100 != 3) {
		relay_say_verdict(s, &t->reply);
		relay_drop_transaction(s);
		relay_phase(s, SMTP_READY);
		relay_error(s);
		return E_PROTO;
	}
	t->data_open = true;
	relay_body_begin(s);
	relay_phase(s, SMTP_BODY);
	return E_OK;
}
