/*
 * peer.c - the far ends: bytes in and out, and the ledgers that know what was promised to whom. A
 * ledger reads what its side really sent and got, so that "delivered" is counted the same way in
 * every mode.
 */
#include <ctype.h>

#include "conv.h"

struct peer client[PEERS], hop[PEERS];
int told_ok, taken_ok;

static void reset(struct peer *p, const char *kind, int i, int slot)
{
	p->open = p->ended = p->tls = p->lost = false;
	p->slot = slot;
	p->ledger = -1;
	p->in_len = p->out_len = p->reply_len = 0;
	p->content = p->last_waits = false;
	p->line_len = p->chunk_left = 0;
	p->after_bare = false;
	p->before = 0;
	p->sent_len = 0;
	p->reply[0] = '\0';
	if (i == 0)
		snprintf(p->name, sizeof p->name, "%s", kind);
	else
		snprintf(p->name, sizeof p->name, "%s%d", kind, (i + 1) % 10);
}

void peers_reset(void)
{
	for (int i = 0; i < PEERS; i++) {
		reset(&client[i], "C", i, i);
		reset(&hop[i], "N", i, PEERS + i);
		peer_tls_close(i);
		peer_tls_close(PEERS + i);
	}
	told_ok = taken_ok = 0;
}

void peer_open(struct peer *p, int end)
{
	peer_tls_close(p->slot);
	p->open = true;
	p->ended = p->tls = p->lost = p->content = p->last_waits = false;
	p->end = end;
	p->in_len = p->out_len = p->line_len = p->chunk_left = p->reply_len = 0;
	p->ledger = script.protocol != SMTP ? ledger_open(p->slot < PEERS) : -1;
	p->sent[0] = SENT_GREETING;
	p->sent_len = 1;
}

void peer_forget(struct peer *p)
{
	p->open = false;
	p->ended = true;
}

/* ---- moving ---- */

static int take_in(struct peer *p)
{
	int n;

	if (p->ended || p->in_len == sizeof p->in)
		return 0;
	n = p->tls ? peer_tls_read(p->slot, p->in + p->in_len, sizeof p->in - p->in_len) :
		sim_peer_read(p->end, p->in + p->in_len, sizeof p->in - p->in_len);
	if (n > 0) {
		transcript_add(p->name, '<', p->in + p->in_len, (size_t)n);
		ledger_in(p->ledger, p->name, p->in + p->in_len, (size_t)n);
		p->in_len += (size_t)n;
	} else if (!p->tls && n < 0 && n != E_AGAIN) {
		transcript_say("           %s < (%s)", p->name, error_text(n));
		p->ended = true;
		return 1;
	}
	return n > 0 ? n : 0;
}

static int put_out(struct peer *p)
{
	int n;

	if (p->out_len == 0)
		return 0;
	n = p->tls ? peer_tls_write(p->slot, p->out, p->out_len) :
		sim_peer_write(p->end, p->out, p->out_len);
	if (n <= 0)
		return 0;
	memmove(p->out, p->out + n, p->out_len - (size_t)n);
	p->out_len -= (size_t)n;
	return n;
}

static bool pump(struct peer *p)
{
	bool moved = false, any = true, ended = false;

	while (p->open && any) {
		any = false;
		if (p->tls && peer_tls_pump(p->slot, p->end, &ended) > 0)
			any = true;
		if (put_out(p) > 0 || take_in(p) > 0)
			any = true;
		moved = moved || any;
	}
	if (p->open && ended && !p->ended) {
		transcript_say("           %s < (end)", p->name);
		p->ended = moved = true;
	}
	return moved;
}

bool peers_pump(void)
{
	bool moved = false;

	for (int i = 0; i < PEERS; i++) {
		if (client[i].open && pump(&client[i]))
			moved = true;
		if (hop[i].open && pump(&hop[i]))
			moved = true;
	}
	return moved;
}

void peer_send(struct peer *p, const void *bytes, size_t len)
{
	if (len > sizeof p->out - p->out_len)
		len = sizeof p->out - p->out_len;
	pump(p);
	transcript_add(p->name, '>', bytes, len);
	ledger_out(p->ledger, p->name, bytes, len);
	memcpy(p->out + p->out_len, bytes, len);
	p->out_len += len;
	pump(p);
}

size_t peer_line(const struct peer *p)
{
	const uint8_t *end = memchr(p->in, '\n', p->in_len);

	return end == NULL ? 0 : (size_t)(end - p->in) + 1;
}

void peer_drop(struct peer *p, size_t len)
{
	memmove(p->in, p->in + len, p->in_len - len);
	p->in_len -= len;
}

/* ---- the client's ledger ---- */

static void sent(struct peer *p, enum sent kind)
{
	if (p->sent_len == SENT_KINDS)
		return;
	p->sent[p->sent_len++] = kind;
}

static bool is_verb(const char *line, const char *verb)
{
	size_t n = strlen(verb);

	for (size_t i = 0; i < n; i++)
		if (toupper((unsigned char)line[i]) != verb[i])
			return false;
	return line[n] == '\0' || line[n] == ' ' || line[n] == '\r';
}

/* "BDAT n [LAST]": the size that follows. */
static size_t chunk_of(const char *line, bool *last)
{
	char *rest;
	size_t n = (size_t)strtoul(line + 4, &rest, 10);

	rest += strspn(rest, " ");
	*last = is_verb(rest, "LAST");
	return n;
}

static void client_line(struct peer *p)
{
	p->line[p->line_len < sizeof p->line ? p->line_len : sizeof p->line - 1] = '\0';
	if (p->content) {
		if (strcmp(p->line, ".\r\n") != 0 || p->after_bare)
			return;
		p->content = false;
		sent(p, SENT_DOT);
	} else if (is_verb(p->line, "BDAT")) {
		p->chunk_left = chunk_of(p->line, &p->chunk_last);
		if (p->chunk_left == 0)
			sent(p, p->chunk_last ? SENT_LAST : SENT_CHUNK);
	} else if (!is_verb(p->line, "PROXY")) {
		sent(p, is_verb(p->line, "DATA") ? SENT_DATA : SENT_COMMAND);
	}
}

void ledger_client_sent(struct peer *p, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p->chunk_left > 0) {
			if (--p->chunk_left == 0)
				sent(p, p->chunk_last ? SENT_LAST : SENT_CHUNK);
			continue;
		}
		if (p->line_len < sizeof p->line - 1)
			p->line[p->line_len] = (char)bytes[i];
		p->line_len++;
		if (bytes[i] == '\n') {
			client_line(p);
			p->line_len = 0;
			p->after_bare = p->before != '\r';
		}
		p->before = (char)bytes[i];
	}
}

static void got_reply(struct peer *p)
{
	enum sent kind = SENT_COMMAND;

	if (p->sent_len > 0) {
		kind = p->sent[0];
		memmove(p->sent, p->sent + 1, (size_t)--p->sent_len * sizeof p->sent[0]);
	} else if (memcmp(p->reply, "421", 3) != 0 && play.strict) {
		play_fail("%s got a reply to nothing: %s", p->name, p->reply);
	}
	if (kind == SENT_DATA && p->reply[0] == '3')
		p->content = true;
	if ((kind == SENT_DOT || kind == SENT_LAST) && p->reply[0] == '2' && ++told_ok > taken_ok)
		play_fail("%s was told of a delivery that the next hop never confirmed: %s", p->name,
			p->reply);
}

bool peer_take_reply(struct peer *p)
{
	size_t at = 0;

	for (;;) {
		const uint8_t *end = memchr(p->in + at, '\n', p->in_len - at);
		size_t len = end == NULL ? 0 : (size_t)(end - (p->in + at)) + 1;
		bool last = len < 5 || p->in[at + 3] != '-' || script.protocol != SMTP;

		if (len == 0)
			return false;
		at += len;
		if (last)
			break;
	}
	if (at >= sizeof p->reply)
		play_fail("%s got a reply of %zu bytes", p->name, at);
	p->reply_len = at < sizeof p->reply ? at : sizeof p->reply - 1;
	memcpy(p->reply, p->in, p->reply_len);
	p->reply[p->reply_len] = '\0';
	peer_drop(p, at);
	if (script.protocol == SMTP)
		got_reply(p);
	return true;
}

/* ---- the next hop's ledger ---- */

void ledger_hop_got(struct peer *p, const char *line, size_t len)
{
	bool last = false;
	const char *cr = memchr(line, '\r', len);

	if (len < 2 || cr != line + len - 2)
		play_fail("%s got a bare CR or LF: %.*s", p->name, (int)len, line);
	if (p->content) {
		p->last_waits = len == 3 && memcmp(line, ".\r\n", 3) == 0;
		p->content = !p->last_waits;
		return;
	}
	p->sent_len = 0;
	if (len > 5 && is_verb(line, "DATA"))
		sent(p, SENT_DATA);
	if (len > 5 && is_verb(line, "BDAT")) {
		p->chunk_left = chunk_of(line, &last);
		p->last_waits = last;
	}
}

/* A final reply line that the next hop says. */
static void hop_line(struct peer *p)
{
	if (p->line_len < 4 || p->line[3] == '-')
		return;
	if (p->last_waits)
		taken_ok += p->line[0] == '2';
	else if (p->sent_len > 0 && p->line[0] == '3')
		p->content = true;
	p->last_waits = false;
	p->sent_len = 0;
}

void ledger_hop_said(struct peer *p, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p->line_len < sizeof p->line - 1)
			p->line[p->line_len] = (char)bytes[i];
		p->line_len++;
		if (bytes[i] == '\n') {
			hop_line(p);
			p->line_len = 0;
		}
	}
}
