/*
 * header.c - the header filter: an automaton over lines. A line begins in NAME; its name decides
 * whether the field is passed, left out, or collected (From); a line that is no field ends the
 * header. Then TAIL writes piece after piece what is missing, the blank line last, and BODY
 * copies.
 *
 * What the filter writes itself stands in `emit` until it is out; nothing else moves before.
 */
#include "proto/header.h"

#include <string.h>

#include "base/fmt.h"
#include "error.h"
#include "proto/header_from.h"

const char *const header_state_name[HEADER_STATES] = {
	"name", "pass", "drop", "from", "tail", "body",
};

enum { SEEN_FROM = 1, SEEN_REPLY_TO = 2, SEEN_DATE = 4, SEEN_ID = 8, SEEN_MIME = 16, SEEN_TO = 32 };

struct sink {
	uint8_t *p;
	size_t cap, len;
};

/* What is done with a field: passed on unless `dropped` (or, for From, collected) by a rewrite. */
static const struct field {
	const char *name;
	uint8_t seen;
	bool dropped;
} fields[] = {
	{ "From", SEEN_FROM, false }, { "Reply-To", SEEN_REPLY_TO, false },
	{ "Date", SEEN_DATE, false }, { "Message-ID", SEEN_ID, false },
	{ "MIME-Version", SEEN_MIME, false }, { "To", SEEN_TO, false }, { "Cc", SEEN_TO, false },
	{ "Sender", 0, true }, { "Bcc", 0, true },
};

static bool one_line(struct slice v)
{
	return slice_find(v, '\r') == v.len && slice_find(v, '\n') == v.len;
}

static struct slice checked(struct slice v)
{
	return one_line(v) ? v : (struct slice){ NULL, 0 };
}

void header_filter_start(struct header_filter *h, const struct header_want *want)
{
	memset(h, 0, sizeof *h);
	h->want = *want;
	h->want.address = checked(want->address);
	h->want.sender = checked(want->sender);
	h->want.date = checked(want->date);
	h->want.message_id = checked(want->message_id);
	h->emit = want->received;
}

bool header_filter_in_body(const struct header_filter *h)
{
	return h->state == HEADER_BODY && h->emit.len == 0;
}

bool header_filter_loop(const struct header_filter *h)
{
	return h->received > HEADER_RECEIVED_MAX;
}

/* ---- what is missing ---- */

static struct slice reply_to(struct header_filter *h, struct fmt *f)
{
	struct slice old = slice_of(h->old, h->old_len);

	if (h->want.rewrite && (h->seen & SEEN_REPLY_TO) == 0 && mailbox_deliverable_form(old) &&
			!mailbox_eq(old, h->want.address))
		fmt_printf(f, "Reply-To: %.*s\r\n", (int)old.len, (const char *)old.p);
	return fmt_result(f);
}

static struct slice from_missing(struct header_filter *h, struct fmt *f)
{
	struct slice a = h->want.rewrite ? h->want.address : h->want.sender;

	if ((h->seen & SEEN_FROM) == 0 && a.len > 0)
		fmt_printf(f, "From: <%.*s>\r\n", (int)a.len, (const char *)a.p);
	return fmt_result(f);
}

static struct slice date_missing(struct header_filter *h, struct fmt *f)
{
	if ((h->seen & SEEN_DATE) == 0 && h->want.date.len > 0)
		fmt_printf(f, "Date: %.*s\r\n", (int)h->want.date.len, (const char *)h->want.date.p);
	return fmt_result(f);
}

static struct slice id_missing(struct header_filter *h, struct fmt *f)
{
	if ((h->seen & SEEN_ID) == 0 && h->want.message_id.len > 0)
		fmt_printf(f, "Message-ID: %.*s\r\n", (int)h->want.message_id.len,
			(const char *)h->want.message_id.p);
	return fmt_result(f);
}

static struct slice mime_missing(struct header_filter *h, struct fmt *f)
{
	if ((h->seen & SEEN_MIME) == 0)
		fmt_str(f, "MIME-Version: 1.0\r\n");
	return fmt_result(f);
}

static struct slice to_missing(struct header_filter *h, struct fmt *f)
{
	if ((h->seen & SEEN_TO) == 0)
		fmt_str(f, "To: undisclosed-recipients:;\r\n");
	return fmt_result(f);
}

static struct slice blank_line(struct header_filter *h, struct fmt *f)
{
	(void)h;
	fmt_str(f, "\r\n");
	return fmt_result(f);
}

/* The beginning of the line that turned out to be text. */
static struct slice text_begun(struct header_filter *h, struct fmt *f)
{
	(void)f;
	return slice_of(h->name, h->text ? h->name_len : 0);
}

static struct slice (*const pieces[])(struct header_filter *h, struct fmt *f) = {
	from_missing, reply_to, date_missing, id_missing, mime_missing, to_missing, blank_line,
	text_begun,
};
enum { PIECES = sizeof pieces / sizeof pieces[0] };

static void tail_step(struct header_filter *h)
{
	struct fmt f = fmt_on(h->from, sizeof h->from);

	if (h->tail == PIECES) {
		h->state = HEADER_BODY;
		return;
	}
	h->emit = pieces[h->tail++](h, &f);
}

/* ---- lines ---- */

static const struct field *field_find(struct slice name)
{
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (slice_is(name, fields[i].name))
			return &fields[i];
	return NULL;
}

/* The colon has come: what becomes of the field. */
static void field_begin(struct header_filter *h)
{
	struct slice name = slice_trim(slice_of(h->name, h->name_len));
	const struct field *f = field_find(name);
	bool is_from = f != NULL && f->seen == SEEN_FROM;
	bool again = is_from && (h->seen & SEEN_FROM) != 0;

	if (slice_is(name, "Received") && h->received < UINT16_MAX)
		h->received++;
	h->line_start = h->cr = false;
	h->state = HEADER_PASS;
	if (h->want.rewrite && f != NULL && (f->dropped || again))
		h->state = HEADER_DROP;
	else if (h->want.rewrite && is_from)
		h->state = HEADER_FROM;
	h->seen |= f != NULL ? f->seen : 0u;
	if (h->state == HEADER_PASS) {
		h->name[h->name_len++] = ':';
		h->emit = slice_of(h->name, h->name_len);
	}
	h->name_len = 0;
}

static void header_end(struct header_filter *h, bool text)
{
	h->text = text;
	h->state = HEADER_TAIL;
}

/* One octet of a line whose name is not known yet. An octet that decides that the line is text is
 * left in the input. */
static void name_octet(struct header_filter *h, struct slice *in)
{
	uint8_t c = in->p[0];
	uint8_t last = h->name_len > 0 ? (uint8_t)h->name[h->name_len - 1] : 0;
	bool gap = last == ' ' || last == '\t';
	bool blank = c == ' ' || c == '\t';

	if (h->cr || (c == '\r' && h->name_len == 0)) {
		*in = slice_from(*in, 1);
		if (h->cr)
			header_end(h, false);
		h->cr = !h->cr;
		return;
	}
	if (c == ':' && h->name_len > 0) {
		*in = slice_from(*in, 1);
		field_begin(h);
		return;
	}
	if (c <= 0x20 ? !blank || h->name_len == 0 : c >= 0x7f || c == ':' || gap) {
		header_end(h, true);
		return;
	}
	if (h->name_len == HEADER_NAME_LEN_MAX - 1) {
		header_end(h, true);
		return;
	}
	h->name[h->name_len++] = (char)c;
	*in = slice_from(*in, 1);
}

static void name_step(struct header_filter *h, struct slice *in, struct sink *out)
{
	(void)out;
	while (in->len > 0 && h->state == HEADER_NAME)
		name_octet(h, in);
}

/* At the first octet of a line inside a field: whether the field goes on. */
static bool folded(const struct slice *in)
{
	return in->p[0] == ' ' || in->p[0] == '\t';
}

static void pass_step(struct header_filter *h, struct slice *in, struct sink *out)
{
	size_t n, room = out->cap - out->len;

	if (h->line_start && !folded(in)) {
		h->state = HEADER_NAME;
		return;
	}
	n = slice_find(*in, '\n');
	n = n < in->len ? n + 1 : n;
	n = n < room ? n : room;
	memcpy(out->p + out->len, in->p, n);
	out->len += n;
	h->line_start = n > 0 && in->p[n - 1] == '\n';
	*in = slice_from(*in, n);
}

static void drop_step(struct header_filter *h, struct slice *in, struct sink *out)
{
	size_t n = slice_find(*in, '\n');

	(void)out;
	if (h->line_start && !folded(in)) {
		h->state = HEADER_NAME;
		return;
	}
	h->line_start = n < in->len;
	*in = slice_from(*in, n < in->len ? n + 1 : n);
}

/* The From value is whole: the field that takes its place. */
static void from_end(struct header_filter *h)
{
	h->emit = header_from_make(h);
	h->state = HEADER_NAME;
	h->line_start = false;
}

static void from_step(struct header_filter *h, struct slice *in, struct sink *out)
{
	(void)out;
	while (in->len > 0) {
		uint8_t c = in->p[0];

		if (h->line_start && !folded(in)) {
			from_end(h);
			return;
		}
		h->line_start = c == '\n';
		if (c != '\r' && c != '\n' && h->from_len < HEADER_FROM_MAX)
			h->from[h->from_len++] = (char)c;
		*in = slice_from(*in, 1);
	}
}

static void body_step(struct header_filter *h, struct slice *in, struct sink *out)
{
	size_t room = out->cap - out->len, n = in->len < room ? in->len : room;

	(void)h;
	memcpy(out->p + out->len, in->p, n);
	out->len += n;
	*in = slice_from(*in, n);
}

/* ---- the filter ---- */

/* Writes what is to be written first. False: the room did not do. */
static bool emitted(struct header_filter *h, struct sink *out)
{
	size_t room = out->cap - out->len, n = h->emit.len < room ? h->emit.len : room;

	if (n > 0)
		memcpy(out->p + out->len, h->emit.p, n);
	out->len += n;
	h->emit = slice_from(h->emit, n);
	return h->emit.len == 0;
}

void header_filter(struct header_filter *h, struct slice *in, uint8_t *out, size_t cap,
	size_t *produced)
{
	static void (*const steps[HEADER_STATES])(struct header_filter *, struct slice *,
		struct sink *) = {
		[HEADER_NAME] = name_step, [HEADER_PASS] = pass_step, [HEADER_DROP] = drop_step,
		[HEADER_FROM] = from_step, [HEADER_BODY] = body_step,
	};
	struct sink sink = { out, cap, 0 };

	while (emitted(h, &sink) && (in->len > 0 || h->state == HEADER_TAIL)) {
		if (h->state == HEADER_TAIL)
			tail_step(h);
		else if (sink.len == sink.cap)
			break;
		else
			steps[h->state](h, in, &sink);
	}
	*produced = sink.len;
}

int header_filter_end(struct header_filter *h, uint8_t *out, size_t cap, size_t *produced)
{
	struct sink sink = { out, cap, 0 };

	while (emitted(h, &sink) && h->state != HEADER_BODY) {
		if (h->state == HEADER_FROM)
			from_end(h);
		else if (h->state == HEADER_TAIL)
			tail_step(h);
		else if (h->state == HEADER_PASS && !h->line_start) {
			h->emit = slice_str("\r\n");
			h->line_start = true;
		} else
			header_end(h, h->state == HEADER_NAME && h->name_len > 0);
	}
	*produced = sink.len;
	return h->state == HEADER_BODY && h->emit.len == 0 ? E_OK : E_MORE;
}
