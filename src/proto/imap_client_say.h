/*
 * imap_client_say.h - the commands of IMAP's client half, each a row's say() (talk.h). For
 * imap_client.c only.
 */
#ifndef PROTO_IMAP_CLIENT_SAY_H
#define PROTO_IMAP_CLIENT_SAY_H

#include "proto/imap_client.h"

/* CAPABILITY and STARTTLS (RFC 3501 6.1.1, 6.2.1). What was offered before is forgotten by the
 * first. */
int imap_say_capability(struct talk *t, const char *hostname,
	const struct sasl_credentials *who, struct fmt *out);
int imap_say_starttls(struct talk *t, const char *hostname,
	const struct sasl_credentials *who, struct fmt *out);

/* AUTHENTICATE (RFC 3501 6.2.2), with the initial response where SASL-IR is offered (RFC 4959). */
int imap_say_auth(struct talk *t, const char *hostname,
	const struct sasl_credentials *who, struct fmt *out);

/* LOGIN (RFC 3501 6.2.3) with quoted strings; or its first part with c->literals set, then the
 * parts that the server asks for. TALK_CREDENTIALS: CR, LF or NUL in one, or too long;
 * TALK_AUTH_TEMP: the credentials have changed since their length was told. */
int imap_say_login(struct talk *t, const char *hostname,
	const struct sasl_credentials *who, struct fmt *out);
int imap_say_login_name(struct talk *t, const char *hostname,
	const struct sasl_credentials *who, struct fmt *out);
int imap_say_login_password(struct talk *t, const char *hostname,
	const struct sasl_credentials *who, struct fmt *out);

#endif
