/*
 * header.h - the header of a message, set right while it streams through (DECISIONS 20,
 * interop.md 2.8).
 *
 * The filter stands between content (dot.h's decoder or BDAT) and whatever takes content. It
 * puts the Received field first, passes other fields as they came, rewrites From where asked,
 * adds what is missing at the end of the header, and then lets the body through untouched.
 * Content must have CRLF lines only. Any split of input and output gives the same bytes.
 */
#ifndef PROTO_HEADER_H
#define PROTO_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "proto/address.h"

#define HEADER_FROM_MAX 1024    /* octets of a From value that are kept; the rest is left out */
#define HEADER_FIELD_MAX 1600   /* octets of a field that the filter writes itself */
#define HEADER_NAME_LEN_MAX 128 /* octets of a field name; a longer one is text */
#define HEADER_RECEIVED_MAX 50  /* more Received fields than these are a loop (SS-53) */

/* Names of these states are in header_state_name[]. */
enum header_state {
	HEADER_NAME,      /* at the start of a line, or inside a field name */
	HEADER_PASS,      /* inside a field that is passed on */
	HEADER_DROP,      /* inside a field that is left out */
	HEADER_FROM,      /* inside the From value that is collected */
	HEADER_TAIL,      /* writing what is missing, and the blank line */
	HEADER_BODY,      /* letting the body through */
	HEADER_STATES
};
/* Their names. */
extern const char *const header_state_name[HEADER_STATES];

/* What to do. The slices must stay valid and unchanged until header_filter_in_body(). None of
 * them may contain CR or LF except `received`; the filter leaves out one that does. */
struct header_want {
	bool rewrite;           /* `from rewrite`; else From, Sender, Bcc, Reply-To stay as they are */
	bool utf8;              /* SMTPUTF8 message: raw UTF-8 may stand in a rewritten From */
	struct slice received;  /* whole Received field with its line ends, or empty */
	struct slice address;   /* the account's address; with `rewrite` it must be given */
	struct slice sender;    /* mailbox of the MAIL FROM that came, for a missing From; or empty */
	struct slice date;      /* value for a missing Date */
	struct slice message_id;/* value for a missing Message-ID, with its angle brackets */
};

/* The filter's state; about 2 kB. Started by header_filter_start(). */
struct header_filter {
	struct header_want want;
	enum header_state state;
	unsigned seen;          /* fields seen so far */
	uint16_t received;      /* Received fields that were there */
	uint8_t tail;           /* next piece of the tail */
	bool cr;                /* a CR is held back inside a collected or dropped field */
	bool line_start;        /* PASS, DROP and FROM: the next octet is the first of a line */
	bool text;              /* the line in hand is body text: the blank line must come before it */
	bool finish;            /* the message ended inside the header */
	uint16_t name_len, name_at, from_len, old_len, out_len, out_at;
	char name[HEADER_NAME_LEN_MAX];
	char old[ADDRESS_MAX];  /* the address that From had */
	char from[HEADER_FIELD_MAX]; /* the From value collected, then the field written */
	struct slice emit;      /* what is being written: part of `want`, of `from`, or constant */
};

/* Begins a message. */
void header_filter_start(struct header_filter *h, const struct header_want *want);

/* Takes content off the front of *in and writes to out. Stops when the input is used up (and
 * nothing is left to write) or the output is full. Never fails. *produced: octets written. */
void header_filter(struct header_filter *h, struct slice *in, uint8_t *out, size_t cap,
	size_t *produced);

/* After the last octet of content: writes what is still to come. E_OK when that was all,
 * E_MORE: give it more room. *produced as above. */
int header_filter_end(struct header_filter *h, uint8_t *out, size_t cap, size_t *produced);

/* Everything from here on is passed as it is: the caller may leave the filter out. */
bool header_filter_in_body(const struct header_filter *h);

/* More than HEADER_RECEIVED_MAX Received fields have come: 554 5.4.6. */
bool header_filter_loop(const struct header_filter *h);

#endif
