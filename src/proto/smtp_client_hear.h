/*
 * smtp_client_hear.h - the lines of a server's replies (RFC 5321 4.2). For smtp_client.c only.
 */
#ifndef PROTO_SMTP_CLIENT_HEAR_H
#define PROTO_SMTP_CLIENT_HEAR_H

#include "proto/smtp_client.h"

/* A line without its end: three digits, the first 2 to 5; *last: no further line belongs to the
 * reply; *text: what follows, a part of `line`. The code, or E_PROTO with nothing changed. */
int smtp_reply_line(struct slice line, bool *last, struct slice *text);

/* Notes the extension that a line of an EHLO reply offers, behind its code; "AUTH=LOGIN" too. */
void smtp_client_learn(struct smtp_client *c, struct slice text);

/* Adds a line's text to c->talk.reply, its enhanced status code apart; what has no room is left
 * out. */
void smtp_client_keep(struct smtp_client *c, int code, struct slice text);

#endif
