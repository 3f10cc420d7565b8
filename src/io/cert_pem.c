/*
 * cert_pem.c - PEM byte by byte. Lines may have any length and any line end; text around blocks is
 * skipped; inside a block only base64 and white space are taken.
 */
#include "io/cert_pem.h"

#include <string.h>

#include "base/base64.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"

enum { BEGIN_LEN = 11, END_LEN = 9, DASHES_LEN = 5 };

void pem_start(struct pem *p, uint64_t at, void *out, size_t cap)
{
	memset(p, 0, sizeof *p);
	p->at = p->line_at = at;
	p->out = out;
	p->cap = cap;
}

/* A line outside of blocks is whole: does it begin one? */
static void line_done(struct pem *p)
{
	size_t n = p->line_len;

	if (n > BEGIN_LEN + DASHES_LEN && n - BEGIN_LEN - DASHES_LEN <= PEM_LABEL_MAX &&
			memcmp(p->line, BEGIN, BEGIN_LEN) == 0 &&
			memcmp(p->line + n - DASHES_LEN, DASHES, DASHES_LEN) == 0) {
		p->label_len = (uint8_t)(n - BEGIN_LEN - DASHES_LEN);
		memcpy(p->label, p->line + BEGIN_LEN, p->label_len);
		p->label[p->label_len] = '\0';
		p->begin = p->line_at;
		p->in_body = true;
		p->in_end = p->padded = p->bad = false;
		p->len = 0;
		p->group_len = 0;
	}
	p->line_len = 0;
}

static void seek_byte(struct pem *p, uint8_t c)
{
	if (p->line_len == 0)
		p->line_at = p->at;
	if (c == '\n' || c == '\r')
		line_done(p);
	else if (p->line_len < sizeof p->line)
		p->line[p->line_len++] = (char)c;
}

/* Four digits are together. */
static int group_done(struct pem *p)
{
	uint8_t bytes[3];
	int n = base64_decode(slice_of(p->group, 4), bytes, sizeof bytes);

	p->group_len = 0;
	if (n < 0 || p->padded)
		p->bad = true;
	else if ((size_t)n > p->cap - p->len)
		return E_LIMIT;
	else
		memcpy(p->out + p->len, bytes, (size_t)n);
	p->len += p->bad ? 0 : (size_t)n;
	p->padded = n < 3;
	return 0;
}

static int body_byte(struct pem *p, uint8_t c)
{
	if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
		return 0;
	if (c == '-') {
		p->in_end = true;
		p->line[0] = '-';
		p->line_len = 1;
		p->line_at = p->at;
		return 0;
	}
	p->group[p->group_len++] = c;
	return p->group_len == sizeof p->group ? group_done(p) : 0;
}

/* The line that ends a block: compared as soon as it has its length, for a text may end without
 * LF. */
static int end_byte(struct pem *p, uint8_t c)
{
	size_t want = END_LEN + (size_t)p->label_len + DASHES_LEN;

	if (c == '\n' || c == '\r') {
		line_done(p);      /* perhaps the next block begins here: the old one was cut short */
		return E_ARG;
	}
	p->line[p->line_len++] = (char)c;
	if (p->line_len < want)
		return 0;
	if (memcmp(p->line, END, END_LEN) != 0 ||
			memcmp(p->line + END_LEN, p->label, p->label_len) != 0 ||
			memcmp(p->line + want - DASHES_LEN, DASHES, DASHES_LEN) != 0)
		return p->line_len < sizeof p->line ? 0 : E_ARG;
	return p->bad || p->group_len > 0 ? E_ARG : 1;
}

/* One byte of the text: 1, E_ARG, E_LIMIT as pem_next(), or 0 for nothing yet. */
static int take_byte(struct pem *p, uint8_t c)
{
	int r;

	if (!p->in_body) {
		seek_byte(p, c);
		return 0;
	}
	r = p->in_end ? end_byte(p, c) : body_byte(p, c);
	if (r != 0 && (r == E_LIMIT || p->in_end)) {
		p->in_body = false;
		p->line_len = 0;
	}
	return r;
}

static int take(struct pem *p, const uint8_t *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int r = take_byte(p, text[i]);

		p->at++;
		if (r != 0)
			return r;
	}
	return 0;
}

/* The text is over. */
static int finish(struct pem *p)
{
	bool cut = p->in_body;

	p->in_body = false;
	return cut ? E_ARG : 0;
}

int pem_next_file(struct pem *p, struct port_file *f)
{
	uint8_t piece[512];

	for (;;) {
		int n = port_file_read(f, p->at, piece, sizeof piece), r;

		if (n < 0)
			return E_IO;
		if (n == 0)
			return finish(p);
		r = take(p, piece, (size_t)n);
		mem_wipe(piece, sizeof piece);
		if (r != 0)
			return r;
	}
}

int pem_next(struct pem *p, struct slice text)
{
	int r = p->at < text.len ? take(p, text.p + p->at, text.len - (size_t)p->at) : 0;

	return r != 0 ? r : finish(p);
}

void pem_put(struct fmt *f, const char *label, struct slice der)
{
	enum { PER_LINE = 48 };
	char line[BASE64_LEN(PER_LINE)];

	fmt_printf(f, BEGIN "%s" DASHES "\n", label);
	while (der.len > 0) {
		struct slice part = slice_head(der, PER_LINE);
		int n = base64_encode(part.p, part.len, line, sizeof line);

		fmt_bytes(f, line, (size_t)n);
		fmt_char(f, '\n');
		der = slice_from(der, part.len);
	}
	fmt_printf(f, END "%s" DASHES "\n", label);
	mem_wipe(line, sizeof line);
}
