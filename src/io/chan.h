/*
 * chan.h - one connection: a port handle, an optional TLS engine, plaintext in and out.
 *
 * Input is pulled: chan_line() for commands and replies, chan_view() and chan_skip() for bodies,
 * in place. Output goes through chan_put() (whole or not at all) or chan_space() and
 * chan_commit() (bulk, in place). chan_pump() moves what can move. Buffers are lent while bytes
 * are in them: an idle channel holds its TLS context and nothing else. Whoever finds none free
 * waits its turn and is marked due.
 */
#ifndef IO_CHAN_H
#define IO_CHAN_H

#include "base/pool.h"
#include "base/waiter.h"
#include "io/tls.h"
#include "port.h"

#define CHAN_LINE_MAX 2048   /* longest line in bytes with its line end */
#define CHAN_PUT_MAX 1024    /* room that an empty output always has */

struct tls;

/* A connection. Zeroed: not open. Fields are read through the functions below, except `why`,
 * `alert`, `error` and the totals. */
struct chan {
	struct port_tcp *net;    /* NULL: not open */
	struct tls *tls;         /* NULL: in clear */
	port_owner owner;
	struct waiter turn;      /* waits for a buffer, or for its turn to do a handshake step */
	uint8_t *in, *out;       /* lent plaintext buffers, or NULL */
	uint8_t *ahead;          /* lent, or NULL: TLS records read before the engine wants them */
	uint16_t in_at, in_len;  /* unread bytes: in[in_at .. in_at + in_len) */
	uint16_t out_at, out_len;
	uint16_t line_len;       /* of the line that chan_line() showed, with its end; 0: none */
	uint16_t ahead_at, ahead_len;
	uint8_t in_class, out_class, ahead_class; /* which pools they came from */
	bool ended;              /* the peer's direction ended in order */
	bool starved;            /* wanted a buffer at the last pump and found none */
	bool long_line;          /* inside a line that is too long */
	bool finishing;          /* chan_finish() has begun */
	bool bulk;               /* large buffers are wanted */
	uint8_t alert;           /* number of the alert that came or went with `why`, or 0 */
	enum tls_failure why;    /* why TLS failed; TLS_FINE otherwise */
	int error;               /* sticky result of the first failure, E_OK before */
	uint64_t read_total, written_total; /* plaintext bytes */
};

/* Takes over an accepted connection. */
void chan_open(struct chan *ch, struct port_tcp *net, port_owner owner);

/* Starts to connect; chan_pump() tells the outcome. E_OK, or the errors of port_connect(): the
 * channel is not open then. */
int chan_connect(struct chan *ch, const struct port_addr *to, port_owner owner);

/* Whether it has a connection (also while connecting). */
bool chan_is_open(const struct chan *ch);

/* Moves bytes between the connection, the TLS engine and the buffers until nothing can move.
 * Returns > 0 when something moved, 0 when not, or the sticky error (E_RESET, E_REFUSED,
 * E_UNREACH, E_TIMEOUT, E_TLS with ch->why, E_PROTO); input that arrived whole before the error
 * can still be read, and a pump that moved something before it met the error says so first. */
int chan_pump(struct chan *ch);

/* The next line, without its CRLF or LF, in *line (valid until the next call on this channel
 * other than chan_put()); it stays until chan_line_done(). E_OK; E_AGAIN: not whole yet;
 * E_LIMIT: longer than CHAN_LINE_MAX (the part read so far has been thrown away; call again for
 * the rest, E_LIMIT each time, until E_EXIST says that the end of the long line has been
 * passed); E_EOF: the peer ended in order and no whole line is left. *bare_lf (may be NULL) says
 * that the line ended without CR. */
int chan_line(struct chan *ch, struct slice *line, bool *bare_lf);

/* Consumes the line that chan_line() showed. */
void chan_line_done(struct chan *ch);

/* The unread input that lies in one piece; len 0: none at present. Same lifetime as a line. */
struct slice chan_view(struct chan *ch);

/* Consumes `len` bytes of the view. */
void chan_skip(struct chan *ch, size_t len);

/* Whether any input is buffered, in plaintext or not yet decrypted (barrier checks, A-20). */
bool chan_has_input(const struct chan *ch);

/* The peer ended in order (TLS: with close_notify) and everything has been read. */
bool chan_at_end(struct chan *ch);

/* Queues `len` <= CHAN_PUT_MAX bytes of output, whole. E_OK or E_AGAIN (no room or no buffer
 * now). */
int chan_put(struct chan *ch, const void *p, size_t len);

/* Bytes that chan_put() would take now. */
size_t chan_room(struct chan *ch);

/* A place for bulk output and its size in *len (0 and NULL: none now); then chan_commit() of
 * what was written there. In TLS this is the engine's own record buffer. */
uint8_t *chan_space(struct chan *ch, size_t *len);
void chan_commit(struct chan *ch, size_t len);

/* Bulk output that lies elsewhere: takes what has room now and returns how many bytes that were. In
 * clear, with nothing queued, it goes straight to the connection, without buffer and copy. */
size_t chan_pass(struct chan *ch, struct slice s);

/* Asks for large buffers while a body passes (`on`), opportunistically; false returns to small
 * ones. */
void chan_bulk(struct chan *ch, bool on);

/* Everything queued has been given to the port. */
bool chan_flushed(const struct chan *ch);

/* Starts TLS as server or client: a barrier. Buffered clear input or unsent output fail it
 * (E_TLS, why TLS_INJECTED); E_NOSLOT: no context free (TLS_NO_SLOT; the channel stays in clear
 * and usable); E_TLS with why for no entropy, no clock (client), no trust, no identity. E_OK:
 * the handshake runs by chan_pump(). */
int chan_tls_server(struct chan *ch, const struct tls_server_want *want);
int chan_tls_client(struct chan *ch, const struct tls_client_want *want);

/* TLS is on and its handshake finished (client side: peer verified). */
bool chan_secure(const struct chan *ch);

/* Facts of the finished handshake; zeroed in clear. */
void chan_facts(const struct chan *ch, struct tls_facts *out);

/* Ends our direction in order: flushes, sends close_notify, then FIN. E_AGAIN until done (pump
 * and call again), then E_OK; an error when the peer is gone. */
int chan_finish(struct chan *ch);

/* Gives the connection and every buffer and context back; orderly, or with a reset. Safe when
 * not open. */
void chan_close(struct chan *ch);
void chan_abort(struct chan *ch);

/* Start of a pass of the loop: lets the next channel in turn do one public-key step (DECISIONS
 * 7). A handshake that found the turn taken goes on after it: without these calls handshakes
 * stand still. */
void chan_pass_begin(void);

/* Deadline bookkeeping of lent buffers: when this channel began to hold a record buffer that
 * makes no progress (milliseconds of port_clock_ms()), or 0. The loop ends sessions that hold
 * one too long. */
uint64_t chan_lent_since_ms(const struct chan *ch);

/* The state of the whole room: no buffer or context lent, no session remembered, the turn of
 * handshakes open. Channels that are still open are void. */
void chan_reset(void);

#endif
