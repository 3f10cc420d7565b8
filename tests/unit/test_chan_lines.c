/*
 * test_chan_lines.c - lines of a channel: in every splitting, around the limit, through TLS and
 * through large buffers.
 */
#include "tls_rig.h"

/* What a reader made of a transcript: lines, and marks for what was too long. */
struct reading {
	char text[16384];
	size_t len;
	bool ended;
};

static void note(struct reading *r, const char *mark, struct slice s)
{
	assert_true(r->len + strlen(mark) + s.len + 2 < sizeof r->text);
	memcpy(r->text + r->len, mark, strlen(mark));
	r->len += strlen(mark);
	if (s.len > 0)
		memcpy(r->text + r->len, s.p, s.len);
	r->len += s.len;
	r->text[r->len++] = '|';
}

/* Runs of E_LIMIT count once: how many there are depends on how the bytes came. */
static void read_lines(struct side *s, struct reading *r)
{
	struct slice line = { NULL, 0 };
	bool bare;

	for (int i = 0; i < 10000; i++) {
		int e = chan_line(&s->ch, &line, &bare);

		if (e == E_OK) {
			note(r, bare ? "b:" : "l:", line);
			chan_line_done(&s->ch);
		} else if (e == E_LIMIT) {
			if (r->len < 6 || memcmp(r->text + r->len - 6, "LIMIT|", 6) != 0)
				note(r, "LIMIT", slice_of(NULL, 0));
		} else if (e == E_EXIST) {
			note(r, "EXIST", slice_of(NULL, 0));
		} else {
			r->ended = r->ended || e == E_EOF;
			if (e == E_AGAIN || e == E_EOF)
				return;
		}
	}
	fail_msg("chan_line() does not come to an end");
}

static char transcript[20000];
static size_t transcript_len;

static void add(const char *text)
{
	memcpy(transcript + transcript_len, text, strlen(text));
	transcript_len += strlen(text);
}

static void add_run(char c, size_t n)
{
	memset(transcript + transcript_len, c, n);
	transcript_len += n;
}

/* Lengths with line end around the limit, empty lines, bare LF and CR, a line without end. */
static void make_transcript(void)
{
	transcript_len = 0;
	add("EHLO a\r\n\r\n\nbare\nx\ry\r\n");
	add_run('a', CHAN_LINE_MAX - 2);
	add("\r\n");
	add_run('b', CHAN_LINE_MAX - 1);
	add("\n");
	add_run('c', CHAN_LINE_MAX - 1);
	add("\r\nafter c\r\n");
	add_run('d', CHAN_LINE_MAX);
	add("\nafter d\r\n");
	add_run('e', 2 * CHAN_LINE_MAX + 17);
	add("\r\nlast\r\nno end");
}

/* Writes the transcript in pieces of `piece` bytes and reads after each. */
static void play(struct wire *w, size_t first, size_t piece, struct reading *r)
{
	size_t at = 0, n = first > 0 ? first : piece;

	memset(r, 0, sizeof *r);
	while (at < transcript_len) {
		if (n > transcript_len - at)
			n = transcript_len - at;
		if (w->b != NULL) {
			uint8_t *p;
			size_t room = 0;

			p = chan_space(&w->b->ch, &room);
			n = n > room ? room : n;
			if (p != NULL)
				memcpy(p, transcript + at, n);
			chan_commit(&w->b->ch, n);
			due_mark(w->b->ch.owner);
			rig_settle(w);
		} else {
			int put = sim_peer_write(w->a->far, transcript + at, n);

			n = put > 0 ? (size_t)put : 0;
			rig_pass(NULL);
		}
		at += n;
		n = piece;
		read_lines(w->a, r);
		due_mark(w->a->ch.owner);
	}
	for (int i = 0; i < 20; i++) {
		rig_pass(w->b != NULL ? w : NULL);
		read_lines(w->a, r);
		due_mark(w->a->ch.owner);
	}
}

static void expect_reading(const struct reading *got, const struct reading *want)
{
	assert_int_equal(got->len, want->len);
	assert_memory_equal(got->text, want->text, want->len);
}

static struct reading whole, again;

static void test_lines_in_every_splitting(void **state)
{
	const size_t pieces[] = { 1, 2, 3, 7, 100, 1000, 2047, 2048, 2049, 4096 };

	(void)state;
	make_transcript();
	rig_reset(1);
	play(&(struct wire){ .a = rig_accept() }, 0, 4096, &whole);
	whole.text[whole.len] = '\0';
	assert_non_null(strstr(whole.text, "l:EHLO a|l:|b:|b:bare|l:x\ry|l:aa"));
	assert_non_null(strstr(whole.text, "|b:bb"));
	assert_non_null(strstr(whole.text, "|LIMIT|EXIST|l:after c|LIMIT|EXIST|l:after d|LIMIT|EXIST|l:last|"));
	assert_null(strstr(whole.text, "no end"));
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		play(&(struct wire){ .a = rig_accept() }, 0, pieces[i], &again);
		expect_reading(&again, &whole);
	}
	rig_end();
	for (size_t first = 1; first < 400; first += 1) {
		rig_reset(first);
		play(&(struct wire){ .a = rig_accept() }, first, 4096, &again);
		expect_reading(&again, &whole);
		rig_end();
	}
}

/* The same through TLS, and through large buffers: the lines are the same. */
static void test_lines_through_records_and_large_buffers(void **state)
{
	const size_t pieces[] = { 1, 5, 64, 700, 1455, 4096, 16384 };

	(void)state;
	make_transcript();
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		struct wire w;

		rig_reset(i);
		w = rig_tls_pair(&rig_server_want, &rig_client_want);
		chan_bulk(&w.b->ch, i % 2 == 0);
		rig_settle(&w);
		play(&w, 0, pieces[i], &again);
		expect_reading(&again, &whole);
		rig_end();
		rig_reset(i);
		w = (struct wire){ .a = rig_accept() };
		chan_bulk(&w.a->ch, true);
		play(&w, 0, pieces[i], &again);
		expect_reading(&again, &whole);
		rig_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_in_every_splitting),
		cmocka_unit_test(test_lines_through_records_and_large_buffers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
