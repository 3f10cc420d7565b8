/*
 * opening.h - what comes before the first command of a session of any kind: the PROXY header,
 * detection of TLS, TLS from the start; and TLS by command, which begins anew. Each step returns
 * > 0: done, go on; 0: waits; < 0: close without a word.
 */
#ifndef GATEWAY_OPENING_H
#define GATEWAY_OPENING_H

#include "gateway/session.h"

/* Milliseconds for the PROXY header, for the first byte of a client that may speak TLS at once, and
 * for a handshake. */
enum { OPENING_PROXY_MS = 3000, OPENING_DETECT_MS = 1000, OPENING_TLS_MS = 30000 };

/* Reads the PROXY header (SS-55): the client is whom it names, and is admitted or not. */
int opening_proxy(struct session *s);

/* Looks at the first byte; without one until `deadline_ms` the client waits for a greeting. */
int opening_detect(struct session *s, uint64_t deadline_ms);

/* TLS from the start, where the listener or the client's first byte wants it. */
int opening_tls(struct session *s);

/* Whether TLS can be turned on by command: the listener has it, and it is not on. */
bool opening_starttls_offered(const struct session *s);

/* To be asked before the go-ahead is said. E_OK, or E_PROTO: commands came along with the one that
 * turns TLS on. */
int opening_barrier(const struct session *s);

/* TLS by command, once the go-ahead has been said: what a quick client sends behind its command
 * belongs to the handshake; nothing there is read as a command. */
int opening_starttls(struct session *s);

#endif
