/*
 * sasl.h - SASL as SMTP, POP3 and IMAP use it (RFC 4422): PLAIN (RFC 4616), LOGIN (interop.md
 * 2.4) and CRAM-MD5 (RFC 2195), server and client side. Lines go in and come out as base64,
 * without the protocol's own prefix ("334 ", "+ ").
 */
#ifndef PROTO_SASL_H
#define PROTO_SASL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fmt.h"
#include "base/slice.h"

#define SASL_LINE_MAX 2048      /* octets of one base64 line, taken and given */
#define SASL_LOGIN_MAX 255      /* octets of an identity */
#define SASL_PASSWORD_MAX 1024  /* octets of a password */
#define SASL_CHALLENGE_MAX 128  /* octets of a CRAM-MD5 challenge before base64 */

/* Mechanisms, the numbers of the rows of the table. */
enum sasl_mech { SASL_PLAIN, SASL_LOGIN, SASL_CRAM_MD5, SASL_MECHS };
#define SASL_BIT(mech) (1u << (mech))

/* The names as they are announced, indexed by enum sasl_mech. */
extern const char *const sasl_mech_name[SASL_MECHS];

/* The mechanism of a name (case-blind), or E_NOENT. */
int sasl_mech_find(struct slice name);

/* The set (SASL_BIT) of known names in a list parted by blanks ("PLAIN LOGIN XOAUTH2"). */
unsigned sasl_mechs_parse(struct slice list);

/* ---- server side ---- */

/* Names of these states are in sasl_server_state_name[]. */
enum sasl_server_state {
	SASL_IDLE,           /* nothing under way, or ended by an error */
	SASL_WANT_PLAIN,     /* the whole PLAIN message */
	SASL_WANT_LOGIN,     /* the user name of LOGIN */
	SASL_WANT_PASSWORD,  /* the password of LOGIN */
	SASL_WANT_DIGEST,    /* "user hexdigest" of CRAM-MD5 */
	SASL_DONE,           /* the result is there */
	SASL_SERVER_STATES
};
/* Their names. */
extern const char *const sasl_server_state_name[SASL_SERVER_STATES];

/* One exchange. The result stands in it after E_OK until sasl_wipe(). */
struct sasl_server {
	enum sasl_mech mech;
	enum sasl_server_state state;
	uint16_t authzid_len, authcid_len, password_len, challenge_len;
	char authzid[SASL_LOGIN_MAX];       /* who to act as; mostly empty (PLAIN only) */
	char authcid[SASL_LOGIN_MAX];       /* who signs in */
	uint8_t password[SASL_PASSWORD_MAX];   /* PLAIN and LOGIN */
	uint8_t digest[16];                 /* CRAM-MD5 */
	char challenge[SASL_CHALLENGE_MAX]; /* CRAM-MD5, before base64 */
};

/* Starts an exchange. `initial` is the initial response as base64 ("=": empty), or p == NULL
 * for none. CRAM-MD5 needs sasl_cram_challenge() first.
 *
 * E_MORE: send the challenge, base64 text in *challenge (may be empty; static or valid until
 *         the next call) and give the answer to sasl_server_line();
 * E_OK:   the result is there;
 * E_ARG:  not base64 (501 5.5.2);
 * E_ACCESS: the client gave up with "*" (501 5.0.0);
 * E_LIMIT: a line, identity or password is too long (500 5.5.6);
 * E_PROTO: not what the mechanism wants: NUL, CR or LF in it, empty login or password,
 *         initial response where none is allowed, no digest (501 5.5.2).
 * After an error the exchange is over and wiped. */
int sasl_server_start(struct sasl_server *s, enum sasl_mech mech, struct slice initial,
	struct slice *challenge, char *out, size_t out_cap);

/* The next line of the client, without its line end; blanks at its end are passed over. `out`
 * is room for the challenge in base64: SASL_CHALLENGE_TEXT bytes. Results as above. */
int sasl_server_line(struct sasl_server *s, struct slice line, struct slice *challenge,
	char *out, size_t out_cap);
#define SASL_CHALLENGE_TEXT ((SASL_CHALLENGE_MAX + 2) / 3 * 4)

/* A sign-in without an exchange (LOGIN of IMAP, USER and PASS of POP3) as its result: as if PLAIN
 * had ended. `login` and `password` may not point into *s. E_OK; E_LIMIT: one is too long;
 * E_PROTO: NUL, CR or LF in one, or one is empty. After an error it is wiped. */
int sasl_server_given(struct sasl_server *s, struct slice login, struct slice password);

/* Puts the challenge `<random.time@host>` into an exchange that has not started; `host` is cut
 * when it is long. */
void sasl_cram_challenge(struct sasl_server *s, const uint8_t random[8], int64_t unix_s,
	struct slice host);

/* Whether the digest of a finished CRAM-MD5 exchange fits a password; time depends on lengths
 * alone. */
bool sasl_cram_check(const struct sasl_server *s, struct slice password);

/* The parts of the result. */
struct slice sasl_authzid(const struct sasl_server *s);
struct slice sasl_authcid(const struct sasl_server *s);
struct slice sasl_password(const struct sasl_server *s);

/* Overwrites everything; the exchange is idle. */
void sasl_wipe(struct sasl_server *s);

/* ---- client side ---- */

/* What to sign in with; borrowed for each call. */
struct sasl_credentials {
	struct slice authzid;  /* mostly empty */
	struct slice authcid;
	struct slice secret;   /* password (or token, for mechanisms to come) */
};

/* One exchange of ours. Zeroed by sasl_client_start(). */
struct sasl_client {
	enum sasl_mech mech;
	uint8_t step;          /* responses given so far */
};

/* The best mechanism of two sets: over TLS one that needs no stored clear secret on the other
 * side comes first, in clear one that does not show the password (SC-17). E_NOENT: none in
 * common. */
int sasl_client_choose(unsigned offered, unsigned allowed, bool secure);

/* Begins an exchange. */
void sasl_client_start(struct sasl_client *c, enum sasl_mech mech);

/* Writes the initial response as base64 ("=" when it is empty) to `out`. Its length; E_NOENT: the
 * mechanism has none: send the name alone; E_ARG: an identity or secret has NUL, CR or LF;
 * E_LIMIT: too long. A caller who sends the name alone anyway (line over 512 octets) doesn't
 * call it. */
int sasl_client_initial(struct sasl_client *c, const struct sasl_credentials *who, char *out,
	size_t cap);

/* Answers a challenge (base64, as received behind "334 "; what cannot be decoded is taken as
 * empty where the mechanism does not use it). Length of the base64 response; E_ARG and E_LIMIT
 * as above; E_PROTO: one challenge more than the mechanism has, or one that makes no sense:
 * answer "*". */
int sasl_client_respond(struct sasl_client *c, const struct sasl_credentials *who,
	struct slice challenge, char *out, size_t cap);

#endif
