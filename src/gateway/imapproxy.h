/*
 * imapproxy.h - the IMAP session: a local sign-in, the account's own at the provider, then a pipe.
 */
#ifndef GATEWAY_IMAPPROXY_H
#define GATEWAY_IMAPPROXY_H

#include "gateway/session.h"

/* Sessions of listeners with protocol imap. */
extern const struct session_type imap_session_type;

#endif
