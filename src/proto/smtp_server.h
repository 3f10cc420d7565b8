/*
 * smtp_server.h - the server half of SMTP without I/O: which verb a line is, whether it may be
 * said now, and the reply when it may not (RFC 5321 4.1, 4.3.2). What a verb does stands in
 * gateway/relay*.
 */
#ifndef PROTO_SMTP_SERVER_H
#define PROTO_SMTP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "proto/smtp_reply.h"

/* Where a session stands. X(name, text). The first four take command lines. */
#define SMTP_PHASES(X) \
	X(SMTP_HELLO,  "hello")    /* no EHLO yet */ \
	X(SMTP_READY,  "ready")    /* greeted, no transaction */ \
	X(SMTP_MAIL,   "mail")     /* reverse-path taken */ \
	X(SMTP_RCPT,   "rcpt")     /* at least one recipient taken */ \
	X(SMTP_CHUNKS, "chunks")   /* at least one BDAT chunk taken */ \
	X(SMTP_PROXY,  "proxy")    /* awaiting the PROXY header */ \
	X(SMTP_DETECT, "detect")   /* awaiting the first byte, TLS or not */ \
	X(SMTP_GREET,  "greet")    /* to be greeted, after the handshake where TLS is implicit */ \
	X(SMTP_SASL,   "sasl")     /* inside AUTH */ \
	X(SMTP_TLS,    "tls")      /* 220 said, TLS about to start */ \
	X(SMTP_BODY,   "body")     /* content of DATA passes */ \
	X(SMTP_CHUNK,  "chunk")    /* content of BDAT passes */ \
	X(SMTP_SKIP,   "skip")     /* content of a refused BDAT is thrown away */ \
	X(SMTP_TAIL,   "tail")     /* awaiting the verdict */ \
	X(SMTP_QUIT,   "quit")     /* last reply said */

/* What a client may say next. */
#define SMTP_PHASE_ENUM(name, text) name,
enum smtp_phase { SMTP_PHASES(SMTP_PHASE_ENUM) SMTP_PHASE_COUNT };
#undef SMTP_PHASE_ENUM

/* Their texts. */
extern const char *const smtp_phase_name[SMTP_PHASE_COUNT];

/* The commands that are known; not all are offered in every phase. */
enum smtp_verb { VERB_HELO, VERB_EHLO, VERB_STARTTLS, VERB_AUTH, VERB_MAIL, VERB_RCPT, VERB_DATA,
	VERB_BDAT, VERB_RSET, VERB_NOOP, VERB_VRFY, VERB_EXPN, VERB_HELP, VERB_QUIT, VERB_COUNT };

/* A command line, taken apart; `arg` points into the line. */
struct smtp_command {
	enum smtp_verb verb;
	struct slice arg;     /* behind the verb and one space, trailing blanks removed; may be empty */
};

/* Finds the verb of a line without its line end and checks it against the phase. SAY_NOTHING: run
 * it; else the reply that refuses it. */
enum smtp_say smtp_command_parse(struct slice line, enum smtp_phase phase,
	struct smtp_command *out);

/* BDAT's argument (RFC 3030 2). E_OK, or E_ARG. */
int smtp_bdat_parse(struct slice arg, uint64_t *octets, bool *last);

#endif
