/*
 * wire.h - what generator and sink of the bench share: connections that never block, with or without
 * TLS, the octets of the big message, and time. Linux and OpenSSL only; no part of the gateway.
 */
#ifndef WIRE_H
#define WIRE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum {
	WIRE_LINE = 2048,     /* longest line of either side */
	WIRE_OUT = 4096,      /* answers and commands that wait to be written */
	WIRE_CHUNK = 65536,   /* the big message is read and written in such pieces */
	WIRE_ROW = 80,        /* each line of the big message with its CRLF */
	BULK_OCTETS = 50000000, /* of the big message: whole rows */
};

/* Results of wire_read, beside a count of octets. */
enum { WIRE_END = 0, WIRE_AGAIN = -1, WIRE_FAULT = -2 };

struct wire {
	int fd;
	SSL *ssl;             /* NULL: plain */
	bool ready;           /* the handshake, if any, is done */
	char in[WIRE_LINE];
	size_t in_len;
	char out[WIRE_OUT];
	size_t out_len;
};

/* Takes over a socket: without delay, non-blocking, watched by epoll with `owner` as its data. */
bool wire_open(struct wire *w, int poll, int fd, SSL *ssl, void *owner);

/* Goes on with the handshake; 1 done, WIRE_AGAIN, WIRE_FAULT. */
int wire_handshake(struct wire *w);

/* Reads at most `size` octets: their count, WIRE_END, WIRE_AGAIN or WIRE_FAULT. */
long wire_read(struct wire *w, void *to, size_t size);

/* Writes what it can of `size` octets: their count (0: try again later) or WIRE_FAULT. */
long wire_write(struct wire *w, const void *from, size_t size);

/* Appends text to what is to be written; false when there is no room. */
bool wire_say(struct wire *w, const char *text);

/* Writes what waits; false when the connection is broken. */
bool wire_flush(struct wire *w);

/* Reads more lines' worth of input: as wire_read; WIRE_FAULT when a line is too long. */
long wire_fill(struct wire *w);

/* Takes one line without its end out of the input; NULL when there is no whole line. Valid until the
 * next call. */
char *wire_line(struct wire *w);

/* close_notify and the end of our direction; reading goes on. */
void wire_finish(struct wire *w);

/* Ends it at once and forgets it. Also for one that is closed. */
void wire_close(struct wire *w);

/* The big message: octets from `at` on that lie in one piece, at most WIRE_CHUNK; sets `size`. */
const char *bulk_at(size_t at, size_t *size);

/* Monotonic seconds. */
double now_s(void);

/* The two programs of mailbox.c; they take what follows their name on the command line. */
int sink_main(int count, char **words);
int source_main(int count, char **words);

#endif
