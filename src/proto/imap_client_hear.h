/*
 * imap_client_hear.h - the lines of an IMAP server (RFC 3501 7, RFC 9051 7). For imap_client.c
 * only.
 */
#ifndef PROTO_IMAP_CLIENT_HEAR_H
#define PROTO_IMAP_CLIENT_HEAR_H

#include "proto/imap_client.h"

/* What a line is. */
enum imap_kind { IMAP_UNTAGGED, IMAP_CONTINUE, IMAP_TAGGED };

/* The parts of a line, each a part of the line itself, empty where it has none. */
struct imap_line {
	enum imap_kind kind;
	struct slice tag;    /* of IMAP_TAGGED */
	struct slice word;   /* "OK", "CAPABILITY", "5" ... */
	struct slice code;   /* "UNAVAILABLE" of "[UNAVAILABLE]" */
	struct slice args;   /* what follows the code inside the brackets */
	struct slice text;   /* the rest; of IMAP_CONTINUE all behind the "+" */
};

/* Takes a line apart. E_OK; E_PROTO: it is none of IMAP, a tagged one that is neither OK, NO nor
 * BAD, or one whose literal would follow, which would pass for lines. */
int imap_line_read(struct slice line, struct imap_line *l);

/* What a NO, BAD or BYE means: by its response code (RFC 5530 3), else by its text. *told (may be
 * NULL): whether the line says so, or it is merely what every refusal means. */
enum talk_class imap_class(const struct imap_line *l, bool *told);

/* Puts code and text of a line into *r, which is emptied before. */
void imap_reply_set(struct talk_reply *r, const struct imap_line *l);

/* Takes a capability list, the whole truth until the next one, for what signing in needs. */
void imap_client_learn(struct imap_client *c, struct slice list);

/* Keeps a capability list for the session that follows, in printable ASCII; one that is too long
 * or could not stand in a response code is not kept (IM-20). */
void imap_client_keep(struct imap_client *c, struct slice list);

#endif
