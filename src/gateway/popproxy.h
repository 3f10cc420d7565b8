/*
 * popproxy.h - the POP3 session: a local sign-in, the account's own at the provider, then a pipe.
 */
#ifndef GATEWAY_POPPROXY_H
#define GATEWAY_POPPROXY_H

#include "gateway/session.h"

/* Sessions of listeners with protocol pop3. */
extern const struct session_type pop3_session_type;

#endif
