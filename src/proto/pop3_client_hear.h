/*
 * pop3_client_hear.h - the lines of a POP3 server's replies. For pop3_client.c only.
 */
#ifndef PROTO_POP3_CLIENT_HEAR_H
#define PROTO_POP3_CLIENT_HEAR_H

#include "proto/pop3_client.h"

/* Reads a line that is a reply: "+OK", "-ERR" (RFC 1939 3) or "+" (RFC 5034 4), alone or followed
 * by a blank. Puts response code and text into *r, which is emptied before, and what it means
 * into *class. E_OK, or E_PROTO: no reply. */
int pop3_reply_read(struct slice line, struct talk_reply *r, enum talk_class *class);

/* Notes the capability that a line of a CAPA reply names (RFC 2449 5, 6). */
void pop3_client_learn(struct pop3_client *c, struct slice line);

#endif
