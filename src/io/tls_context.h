/*
 * tls_context.h - what a TLS connection consists of; for the tls*.c files only.
 */
#ifndef IO_TLS_CONTEXT_H
#define IO_TLS_CONTEXT_H

#include <bearssl.h>

#include "io/cert.h"
#include "io/tls_engine.h"
#include "io/tls_hello.h"
#include "io/tls_lend.h"
#include "io/x509.h"

#define TLS_ALPN_MAX 15      /* bytes of a protocol's name */
#define TLS_CACHE_KEY 34     /* bytes that name a session in a cache */
#define TLS_SHAKE_MAX 131072 /* bytes that a handshake may take */
#define TLS_LAST_WORDS 7     /* bytes of an alert in clear */

/* Common to both sides; the first member of both. */
struct tls {
	struct lend lend;
	struct tls_facts facts;
	uint8_t why;              /* enum tls_failure */
	uint8_t alert;            /* received or sent, with why */
	bool server, finished, closing;
	uint8_t heard;            /* bytes of the first record's header that were looked at */
	uint32_t shaken;          /* bytes that came before the handshake was finished */
	uint8_t words[TLS_LAST_WORDS], words_at, words_len; /* alert that the engine has not sent */
};

/* A server's side. */
struct tls_server {
	struct tls t;
	br_ssl_server_context ctx;
	const br_ssl_server_policy_class *policy;  /* its address is what the engine calls us with */
	const br_ssl_session_cache_class *cache;
	const struct identity *id;   /* held while the handshake lasts */
	uint16_t scope, version_min;
	bool chosen;                 /* a full handshake: the policy was asked */
	bool use_rsa;                /* by the chosen suite */
	struct tls_hello hello;
	char alpn[TLS_ALPN_MAX + 1]; /* empty: ALPN is ignored */
	const char *alpn_name;
};

/* A client's side. */
struct tls_client {
	struct tls t;
	br_ssl_client_context ctx;
	struct x509_check *x509;     /* lent while the handshake lasts */
	uint8_t key[TLS_CACHE_KEY];  /* of its session */
	uint8_t offered[32];         /* session id that was offered */
	bool offering;
};

/* The whole of which `t` is the first part. */
static inline struct tls_server *tls_as_server(struct tls *t)
{
	return (struct tls_server *)(void *)t;
}

/* As before, of a client. */
static inline struct tls_client *tls_as_client(struct tls *t)
{
	return (struct tls_client *)(void *)t;
}

/* Gives back what the handshake alone needed. */
void tls_handshake_release(struct tls *t);

/* Suites, versions and implementations for one side. */
void tls_profile_server(struct tls_server *s);
void tls_profile_client(struct tls_client *c);

/* The processor has not been asked yet. */
void tls_profile_reset(void);

/* Whether the server takes this suite; only while its identity is held. */
bool tls_profile_has(const struct tls_server *s, uint16_t suite);

/* Records in CBC, with a check of their length that the library lacks. */
extern const br_sslrec_in_cbc_class tls_cbc_in;

/* Makes `s` choose chain and suite by itself, and sign. */
void tls_policy_use(struct tls_server *s);

/* Makes `s` remember and find sessions. */
void tls_cache_use(struct tls_server *s);

/* The key of a client's session: account, name, port and what was demanded of the certificate. */
void tls_cache_key(struct tls_client *c, const struct tls_client_want *want);

/* Offers the remembered session, if any; remembers it; forgets it. */
void tls_cache_offer(struct tls_client *c);
void tls_cache_keep(struct tls_client *c);
void tls_cache_drop(struct tls_client *c);

/* Forgets all sessions of both caches. */
void tls_cache_reset(void);

/* What a failed engine means, with the alert that came or went. */
enum tls_failure tls_failure_of(int br_error, uint8_t *alert);

/* The alert that tells a peer of a failure. */
uint8_t tls_alert_for(enum tls_failure why);

#endif
