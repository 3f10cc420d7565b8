/*
 * steps.c - what a step means for either side. Where the script's expectations do not count, a peer
 * waits a little for what it expects and goes on; a next hop that lost its thread says nothing more.
 */
#include "conv.h"

enum { STEP_MS = 30000, LOOSE_MS = 5000 };

/* ---- waiting ---- */

uint32_t step_patience(void) { return play.strict ? STEP_MS : LOOSE_MS; }

static bool has_ended(struct peer *p) { return p->ended; }
static bool has_input(struct peer *p) { return p->in_len > 0 || p->ended; }
static bool secured(struct peer *p) { return peer_tls_state(p->slot) != 0 || p->ended; }
static bool all_sent(struct peer *p) { return p->out_len == 0 || p->ended; }

void step_loose(struct peer *p, const char *what)
{
	if (play.strict)
		play_fail("%s: %s", p->name, what);
	p->lost = true;
}

/* ---- sending ---- */

/* Sequence number n, shortest first. */
static size_t sequence(uint32_t n, char out[6])
{
	static const char symbol[] = "\r\n.";
	size_t len = 1, all = 3;

	for (; n >= all; all *= 3, len++)
		n -= (uint32_t)all;
	for (size_t i = 0; i < len; i++, n /= 3)
		out[i] = symbol[n % 3];
	return len;
}

size_t step_expand(const char *text, size_t len, char *out, size_t cap)
{
	char ending[6];
	size_t n = sequence(play.n, ending), used = 0;

	for (size_t i = 0; i < len; i++) {
		bool mark = text[i] == SWEEP_MARK;

		if (used + 6 > cap)
			return used;
		memcpy(out + used, mark ? ending : text + i, mark ? n : 1);
		used += mark ? n : 1;
	}
	return used;
}

int step_dots(const char *text, size_t len)
{
	int dots = len >= 3 && memcmp(text, ".\r\n", 3) == 0;

	for (size_t i = 0; i + 5 <= len; i++)
		if (memcmp(text + i, "\r\n.\r\n", 5) == 0)
			dots++;
	return dots;
}

/* In mode SPLIT every line is cut behind its n-th byte, and the core runs between the parts. */
void step_send_line(struct peer *p, const char *text, size_t len)
{
	size_t first = play.mode == MODE_SPLIT && play.n < len ? play.n : len;

	if (!p->open || p->lost)
		return;
	peer_send(p, text, first);
	if (first < len) {
		play_quiet();
		if (p->open)
			peer_send(p, text + first, len - first);
	}
	if (p->out_len > 0)
		play_until(all_sent, p, step_patience());
}

void step_end_peer(const struct step *s, struct peer *p)
{
	if (!p->open)
		return;
	transcript_say("           %s > (%s)", p->name, s->act == ACT_CUT ? "reset" :
		s->act == ACT_HOLE ? "vanished" : "end");
	if (s->act == ACT_EOF && p->tls) {
		peer_tls_close(p->slot);
		peers_pump();
	}
	if (s->act == ACT_CUT) {
		sim_peer_abort(p->end);
		peer_forget(p);
	} else if (s->act == ACT_HOLE) {
		sim_peer_vanish(p->end);
	} else {
		sim_peer_finish(p->end);
	}
}

void step_start_tls(const struct step *s, struct peer *p)
{
	bool want_failure = strstr(s->text, "fail") != NULL;
	char name[40] = "";

	if (!p->open || p->lost)
		return;
	sscanf(s->text, "%39s", name);
	if (s->who == 'C')
		peer_tls_connect(p->slot, name);
	else if (!peer_tls_serve(p->slot, name[0] == '\0' || strcmp(name, "fail") == 0 ? "ec" : name))
		play_fail("no fixture %s", name);
	p->tls = true;
	play_until(secured, p, step_patience());
	if ((peer_tls_state(p->slot) == 1) == want_failure)
		step_loose(p, want_failure ? "TLS started" : "TLS does not start");
}

void step_shape(const struct step *s, struct peer *p)
{
	unsigned bytes = 0, gap = 0;

	sscanf(s->text, "%u %u", &bytes, &gap);
	if (p->open && s->act == ACT_PACE)
		sim_peer_pace(p->end, (uint16_t)bytes, gap);
	else if (p->open)
		sim_peer_window(p->end, (uint16_t)bytes);
}

/* ---- what both sides may expect ---- */

void step_silence(const struct step *s, struct peer *p)
{
	play_quiet();
	if (!play.strict)
		return;
	if (s->who == 'N' && !step_hop_known(s) && hop_connections() > 0)
		play_fail("a connection to the next hop came");
	else if (p->in_len > 0 || (p->open && p->ended))
		play_fail("%s expected nothing, got \"%.*s\"%s", p->name, (int)p->in_len,
			(const char *)p->in, p->ended ? " and the end" : "");
}

/* Whatever came before the end must be what the text names, or nothing; `end` leaves this side's own
 * direction open. */
void step_ended(const struct step *s, struct peer *p)
{
	const char *allowed = s->text;

	if (p->open)
		play_until(has_ended, p, step_patience());
	if (play.strict && (!p->ended || (p->in_len > 0 &&
	    (*allowed == '\0' || !glob(allowed, (const char *)p->in, p->in_len)))))
		play_fail("%s expected the end of the connection%s%.*s", p->name,
			p->in_len > 0 ? ", got " : "", (int)p->in_len, (const char *)p->in);
	if (p->open && p->ended && s->act == ACT_CLOSED) {
		sim_peer_close(p->end);
		peer_forget(p);
	}
}

/* Exactly these bytes come next. */
void step_bytes(const struct step *s, struct peer *p)
{
	size_t at = 0, n;

	while (at < s->len && !play.failed) {
		if (p->in_len == 0 && (!p->open || !play_until(has_input, p, step_patience()) ||
		    p->in_len == 0)) {
			step_loose(p, "fewer bytes came than expected");
			return;
		}
		n = p->in_len < s->len - at ? p->in_len : s->len - at;
		if (play.strict && memcmp(p->in, s->text + at, n) != 0)
			play_fail("%s got other bytes than expected, from %zu on: %.*s", p->name, at,
				(int)(n < 100 ? n : 100), (const char *)p->in);
		peer_drop(p, n);
		at += n;
	}
}
