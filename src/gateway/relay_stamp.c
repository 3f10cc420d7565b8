/*
 * relay_stamp.c - what a message is given on its way: Received, and values for fields that are
 * missing.
 */
#include <string.h>

#include "base/addr.h"
#include "gateway/host.h"
#include "gateway/relay.h"
#include "proto/date.h"

static const char *protocol_name(const struct session *s, const struct relay *r)
{
	static const char *const names[2][4] = {
		{ "ESMTP", "ESMTPS", "ESMTPA", "ESMTPSA" },
		{ "UTF8SMTP", "UTF8SMTPS", "UTF8SMTPA", "UTF8SMTPSA" },
	};
	bool auth = signin_done(&r->in);

	if (!r->esmtp)
		return "SMTP";
	return names[r->txn->utf8][(relay_secure(s) ? 1 : 0) + (auth ? 2 : 0)];
}

static void received_make(struct session *s, int64_t now_s)
{
	struct relay *r = relay_of(s);
	struct transaction *t = r->txn;
	struct fmt f = fmt_on(t->received, sizeof t->received);

	fmt_printf(&f, "Received: from %s (", r->helo[0] != '\0' ? r->helo : "unknown");
	fmt_str(&f, addr_is_v4(&s->peer) ? "[" : "[IPv6:");
	addr_put(&f, &s->peer);
	fmt_printf(&f, "])\r\n\tby %s (Mailwicket) with %s id %llx.%u", host_name(),
		protocol_name(s, r), (unsigned long long)s->id, (unsigned)r->messages);
	if (t->rcpt_good == 1 && t->rcpt_len > 0) {
		fmt_str(&f, "\r\n\tfor <");
		fmt_bytes(&f, t->rcpt, t->rcpt_len);
		fmt_char(&f, '>');
	}
	fmt_str(&f, ";\r\n\t");
	date_rfc5322(&f, now_s);
	fmt_str(&f, "\r\n");
	if (f.over)
		f.len = 0;
	t->filter.want.received = fmt_result(&f);
}

static struct slice date_make(struct transaction *t, int64_t now_s)
{
	struct fmt f = fmt_on(t->date, sizeof t->date);

	date_rfc5322(&f, now_s);
	return fmt_result(&f);
}

static struct slice message_id_make(struct session *s, int64_t now_s)
{
	struct transaction *t = relay_of(s)->txn;
	struct fmt f = fmt_on(t->message_id, sizeof t->message_id);
	uint8_t random[8] = { 0 };

	port_entropy(random, sizeof random);
	fmt_printf(&f, "<%llx.%llx.", (unsigned long long)now_s, (unsigned long long)s->id);
	for (size_t i = 0; i < sizeof random; i++)
		fmt_printf(&f, "%02x", (unsigned)random[i]);
	fmt_printf(&f, "@%s>", host_name());
	return fmt_result(&f);
}

void relay_body_begin(struct session *s)
{
	struct relay *r = relay_of(s);
	struct transaction *t = r->txn;
	struct header_want want = { .rewrite = t->rewrite, .utf8 = t->utf8 };
	int64_t now_s = 0;

	port_time(&now_s);
	r->messages++;
	received_make(s, now_s);
	want.received = t->filter.want.received;
	want.address = slice_str(t->address);
	want.sender = slice_of(t->reverse_path, t->reverse_path_len);
	want.date = date_make(t, now_s);
	want.message_id = message_id_make(s, now_s);
	header_filter_start(&t->filter, &want);
	t->encoder = (struct dot_encoder){ 0 };
	chan_bulk(&s->down, true);
	chan_bulk(&s->up, true);
}
