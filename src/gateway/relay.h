/*
 * relay.h - the SMTP session: server half towards the device, client half towards the account's
 * provider, cut-through between them (delivery `direct`).
 *
 * relay.c holds the phases, relay_begin.c those before the first command, relay_verbs.c the
 * verbs, relay_auth.c signing in, relay_mail.c and relay_rcpt.c the transaction with the
 * provider, relay_stamp.c what a message is given, relay_body.c the content. Nothing of a message
 * is kept: each RCPT and the final dot are answered with the provider's own verdict.
 */
#ifndef GATEWAY_RELAY_H
#define GATEWAY_RELAY_H

#include "gateway/session.h"
#include "gateway/signin.h"
#include "gateway/upstream.h"
#include "proto/address.h"
#include "proto/dot.h"
#include "proto/header.h"
#include "proto/params.h"
#include "proto/sasl.h"
#include "proto/smtp_server.h"

/* Bytes at most: the client's name, content under way, our Received field, a Message-ID. */
enum { RELAY_HELO_MAX = 64, RELAY_MID = 4096, RELAY_RECEIVED_MAX = 800, RELAY_ID_MAX = 300 };

/* One mail transaction, from MAIL to the verdict. */
struct transaction {
	char account[UP_ACCOUNT_MAX];     /* carries it; "" before the first recipient */
	char reverse_path[ADDRESS_MAX];   /* as it came, without brackets */
	uint16_t reverse_path_len;
	char address[ADDRESS_MAX + 1];    /* of the account, where From is rewritten; else "" */
	char envid[PARAM_ENVID_MAX];
	uint8_t envid_len;
	uint8_t body, ret;                /* enum mail_body, enum mail_ret */
	bool utf8, rewrite;
	bool mail_asked, mail_answered, mail_refused, rcpt_asked, rcpt_answered;
	bool data_asked, data_answered, data_open, dot_asked, dot_answered;
	bool lost;                        /* the provider's connection is gone since data_open */
	uint8_t trouble;                  /* enum smtp_say: why the content cannot be passed on */
	uint16_t rcpt_good;
	uint64_t size;                    /* declared */
	struct talk_reply mail_reply;     /* the provider's, when mail_refused */
	struct talk_reply reply;          /* of the RCPT, DATA or dot that is answered */
	char rcpt[ADDRESS_MAX];           /* the first recipient, for Received */
	uint16_t rcpt_len;
	struct dot_decoder decoder;
	struct bdat_checker chunks;
	struct dot_encoder encoder;
	struct header_filter filter;
	char received[RELAY_RECEIVED_MAX];
	char date[32], message_id[RELAY_ID_MAX];
	uint16_t mid_at, mid_len;
	uint8_t mid[RELAY_MID];           /* decoded content on its way to filter or encoder */
};

POOL_DECLARE(transaction);
POOL_DECLARE(relay);

/* What a relay keeps while its client is connected. */
struct relay {
	uint8_t phase;                    /* enum smtp_phase */
	bool esmtp, foreign_checked, waiting, long_line, closing, quit_asked;
	uint8_t errors;
	uint8_t skip_say;                 /* said after a refused chunk; SAY_NOTHING: txn->reply */
	bool chunk_last;
	uint16_t messages;
	uint64_t chunk_left;
	uint64_t deadline_ms;             /* of the device's side */
	uint64_t progress;                /* bytes of content at the last look, for deadlines */
	char helo[RELAY_HELO_MAX];
	struct signin in;
	char login[SASL_LOGIN_MAX + 1];   /* the login name of a `login client` sign-in */
	struct transaction *txn;
	struct upstream *up;
};

/* Sessions of listeners with service relay. */
extern const struct session_type relay_session_type;

/* The relay of a session. */
struct relay *relay_of(struct session *s);

/* Says one of our own replies. */
void relay_say(struct session *s, enum smtp_say what);

/* Says the provider's reply, cleaned; `what` names the reply whose enhanced code stands in when the
 * provider gave none. */
void relay_say_verdict(struct session *s, const struct talk_reply *r);

/* Says `f` as it is. */
void relay_put(struct session *s, const struct fmt *f);

/* Changes the phase and starts its deadline. */
void relay_phase(struct session *s, enum smtp_phase phase);

/* Counts an error of the client; ends the session in words when there were too many. */
void relay_error(struct session *s);

/* Throws the transaction away; the provider's side is reset too. */
void relay_drop_transaction(struct session *s);

/* Ends the provider's connection. */
void relay_drop_upstream(struct session *s);

/* relay_verbs.c: runs one command line. E_OK: done, the line is consumed; E_AGAIN: call again;
 * E_PROTO: close without a word. */
int relay_command(struct session *s, struct slice line);

/* Whether TLS is on towards the device. */
bool relay_secure(const struct session *s);

/* relay_auth.c: the AUTH verb, the following lines, and the wait for a provider's verdict. */
int relay_auth(struct session *s, struct slice arg);
int relay_auth_line(struct session *s, struct slice line);
void relay_auth_too_long(struct session *s);
bool relay_auth_offered(const struct session *s);

/* Refuses a command with one of our replies, or with a text of a parser's table; counted as an
 * error. */
int relay_refuse(struct session *s, enum smtp_say what);
int relay_refuse_text(struct session *s, unsigned code, const char *status, const char *text);

/* relay_begin.c: the phases before the first command, and STARTTLS. */
enum smtp_phase relay_first_phase(const struct session *s);
int relay_proxy_step(struct session *s);
int relay_detect_step(struct session *s);
int relay_greet_step(struct session *s);
int relay_tls_step(struct session *s);

/* relay_mail.c, relay_rcpt.c: MAIL, RCPT and the opening of DATA; E_AGAIN while the provider is
 * asked. */
int relay_mail(struct session *s, struct slice arg);
int relay_rcpt(struct session *s, struct slice arg);
int relay_data_open(struct session *s);

/* Takes note of a reply of the provider. > 0 when there was one. */
int relay_answers(struct session *s);

/* Opens the way to an account for this session, or finds it open. E_OK: ready; E_AGAIN: not yet;
 * E_RESET: failed, s's upstream says why. */
int relay_upstream_need(struct session *s, const char *account, struct slice login,
	struct slice secret);

/* Our reply for an upstream that failed. */
enum smtp_say relay_failure_say(const struct upstream *u);

/* relay_stamp.c: prepares the filters once DATA is open. relay_body.c: moves content; throws
 * content away. */
void relay_body_begin(struct session *s);
int relay_body_step(struct session *s);
int relay_chunk_step(struct session *s);
int relay_skip_step(struct session *s);
int relay_tail_step(struct session *s);

#endif
