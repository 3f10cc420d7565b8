/*
 * fuzz_header.c - any message through decoder, header filter and encoder, whole and in pieces whose
 * sizes the input chooses: the same bytes come out, nothing bare leaves, and one message stays one.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "proto/dot.h"
#include "proto/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT = 1 << 18, MID = 4096 };

static uint8_t out_whole[OUT], out_pieces[OUT];

/* Content through the filter and the encoder; `step` bytes of input and room at a time. */
static size_t pass(const struct header_want *want, struct slice raw, size_t step, uint8_t *out)
{
	static struct header_filter filter;
	struct dot_decoder decoder = { 0 };
	struct dot_encoder encoder = { 0 };
	uint8_t mid[MID], piece[MID];
	size_t total = 0, made, wrote;
	int e = E_MORE;

	header_filter_start(&filter, want);
	while (raw.len > 0 && decoder.state != DOT_END) {
		struct slice in = slice_head(raw, step), rest = in, content;

		dot_decode(&decoder, &rest, mid, step < MID ? step + 2 : MID, &made);
		raw = slice_from(raw, in.len - rest.len);
		content = slice_of(mid, made);
		while (content.len > 0 || filter.state == HEADER_TAIL || filter.emit.len > 0) {
			struct slice before = content, part;

			header_filter(&filter, &content, piece, step < MID ? step + 1 : MID, &made);
			part = slice_of(piece, made);
			dot_encode(&encoder, &part, out + total, OUT - total, &wrote);
			if (part.len > 0 || (made == 0 && content.len == before.len))
				abort();
			total += wrote;
		}
	}
	while (e == E_MORE) {
		struct slice part;

		e = header_filter_end(&filter, piece, step < MID ? step + 1 : MID, &made);
		part = slice_of(piece, made);
		dot_encode(&encoder, &part, out + total, OUT - total, &wrote);
		total += wrote;
	}
	e = dot_encode_end(&encoder, out + total, OUT - total);
	return total + (size_t)(e > 0 ? e : 0);
}

static void check_wire(struct slice wire)
{
	struct dot_decoder again = { 0 };
	struct slice rest = wire;
	uint8_t content[MID];
	size_t made;
	int end = 0;

	for (size_t i = 0; i < wire.len; i++)
		if ((wire.p[i] == '\n') != (i > 0 && wire.p[i - 1] == '\r'))
			abort();
	while (rest.len > 0 && end == 0)
		end = dot_decode(&again, &rest, content, sizeof content, &made);
	if (end != 1 || rest.len > 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct header_want want = { 0 };
	size_t step, whole, pieces;

	if (size < 2 || size > 20000)
		return 0;
	want.rewrite = (data[0] & 1) != 0;
	want.utf8 = (data[0] & 2) != 0;
	want.received = slice_str("Received: from x by y;\r\n\tSun, 22 Nov 2026 12:00:00 +0000\r\n");
	want.address = slice_str("office@example.com");
	want.sender = slice_str("scan@device.lan");
	want.date = slice_str("Sun, 22 Nov 2026 12:00:00 +0000");
	want.message_id = slice_str("<1@gw.test>");
	step = 1 + data[1] % 64u;
	whole = pass(&want, slice_of(data + 2, size - 2), MID, out_whole);
	pieces = pass(&want, slice_of(data + 2, size - 2), step, out_pieces);
	if (whole != pieces || memcmp(out_whole, out_pieces, whole) != 0)
		abort();
	check_wire(slice_of(out_whole, whole));
	return 0;
}
