/*
 * dot.h - the body of a message on the wire: DATA with its dots (RFC 5321 4.5.2), BDAT without
 * (RFC 3030).
 *
 * "Content" is the message itself: lines ended by CRLF, no other CR or LF, no transparency
 * dots. All functions take any split of input and output; they stop when the input is used up
 * or the output has no room for the next piece (at most 2 bytes), and are called again.
 */
#ifndef PROTO_DOT_H
#define PROTO_DOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* What was found in the bytes. */
#define DOT_BARE_CR 1u
#define DOT_BARE_LF 2u
#define DOT_NUL     4u

/* States of the decoder, named by the raw bytes seen. Names in dot_state_name[]. */
enum dot_state { DOT_LINE_START, DOT_DOT, DOT_DOT_CR, DOT_MIDDLE, DOT_CR, DOT_END, DOT_STATES };
/* Their names. */
extern const char *const dot_state_name[DOT_STATES];

/* From raw DATA to content. Zeroed: at the start, as after 354 (SS-23). */
struct dot_decoder {
	enum dot_state state;
	unsigned flags;        /* DOT_ bits of what came so far */
	uint64_t raw, content; /* octets taken, and octets of content given */
	uint32_t line;         /* content octets of the present line so far, without its end */
	uint32_t longest;      /* of all lines that ended */
};

/* Takes raw octets off the front of *in and writes content to out. Bare CR and LF become CRLF
 * and are flagged; a dot is removed only behind a raw CRLF, and only raw CRLF.CRLF ends the
 * message (SS-23, A-01). The final CRLF belongs to the content. Returns 1 at the end of the
 * message (*in then begins behind it), 0 when more is needed (input, or room). *produced:
 * octets written. */
int dot_decode(struct dot_decoder *d, struct slice *in, uint8_t *out, size_t cap,
	size_t *produced);

/* Content by BDAT. Zeroed: at the start. One for all chunks of a message. */
struct bdat_checker {
	unsigned flags;        /* DOT_ bits; a bare CR or LF ends the output */
	uint8_t last;          /* the last octet taken */
	bool any;              /* whether there was one */
	uint64_t content;      /* octets of content given */
	uint32_t line, longest;
};

/* Takes octets of a chunk (never more than it has: the caller counts) and writes content.
 * Returns E_OK, or E_PROTO from the first bare CR or LF on: input is then thrown away and
 * nothing is written. */
int bdat_check(struct bdat_checker *b, struct slice *in, uint8_t *out, size_t cap,
	size_t *produced);

/* After the LAST chunk: writes the final CRLF where it is missing (cap >= 2) to out. The
 * octets written, or E_PROTO (a bare CR at the very end, or one before). */
int bdat_end(struct bdat_checker *b, uint8_t *out, size_t cap);

/* From content to DATA. Zeroed: at the start. */
struct dot_encoder {
	bool middle;           /* the last octet given was not an LF */
	bool cr;               /* the last octet given was a CR */
	uint64_t content;      /* octets of content taken */
};

/* Takes content off the front of *in and writes it dot-stuffed. */
void dot_encode(struct dot_encoder *e, struct slice *in, uint8_t *out, size_t cap,
	size_t *produced);

/* Ends the data: CRLF where the content did not end with one, then the dot line. Writes at most
 * DOT_END_MAX octets; their number, or E_AGAIN (cap too small, nothing changed). */
int dot_encode_end(struct dot_encoder *e, uint8_t *out, size_t cap);
#define DOT_END_MAX 5

#endif
