/*
 * params.h - the ESMTP parameters of MAIL and RCPT (RFC 5321 4.1.1.11): SIZE (RFC 1870), BODY
 * (RFC 6152), SMTPUTF8 (RFC 6531), AUTH (RFC 4954 5), RET, ENVID, NOTIFY, ORCPT (RFC 3461 4).
 */
#ifndef PROTO_PARAMS_H
#define PROTO_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Which parameters are known on a line. After HELO: none (SS-04). */
#define PARAM_SIZE     0x001u
#define PARAM_BODY     0x002u
#define PARAM_SMTPUTF8 0x004u
#define PARAM_AUTH     0x008u
#define PARAM_RET      0x010u
#define PARAM_ENVID    0x020u
#define PARAM_NOTIFY   0x040u
#define PARAM_ORCPT    0x080u
#define PARAM_UTF8     0x100u  /* no parameter: octets >= 0x80 may stand in ORCPT (RFC 6533) */
#define PARAMS_MAIL (PARAM_SIZE | PARAM_BODY | PARAM_SMTPUTF8 | PARAM_AUTH | PARAM_RET | \
	PARAM_ENVID)
#define PARAMS_RCPT (PARAM_NOTIFY | PARAM_ORCPT)

#define PARAM_ENVID_MAX 100  /* octets of ENVID as written (RFC 3461 4.4) */
#define PARAM_ORCPT_MAX 500  /* octets of ORCPT as written (RFC 3461 4.2) */
#define PARAM_AUTH_MAX 500   /* octets of AUTH as written (RFC 4954 5) */

/* BODY and RET. The numbers index params_body_text and params_ret_text. */
enum mail_body { BODY_NONE, BODY_7BIT, BODY_8BITMIME };
enum mail_ret { RET_NONE, RET_FULL, RET_HDRS };

/* A set; NOTIFY_NEVER stands alone. 0: not given. */
#define NOTIFY_NEVER   1u
#define NOTIFY_SUCCESS 2u
#define NOTIFY_FAILURE 4u
#define NOTIFY_DELAY   8u

/* What stood behind MAIL FROM. Slices point into the input and keep the xtext form, for
 * writing it out again. `given` is a set of PARAM_ bits. */
struct mail_params {
	unsigned given;
	uint64_t size;         /* octets, with PARAM_SIZE */
	enum mail_body body;
	enum mail_ret ret;
	struct slice auth;     /* xtext or "<>" */
	struct slice envid;    /* xtext */
};

/* What stood behind RCPT TO. */
struct rcpt_params {
	unsigned given;
	unsigned notify;       /* NOTIFY_ bits */
	struct slice orcpt;    /* addr-type ";" xtext */
};

/* Why parameters were refused. X(name, reply code, status, text). */
#define PARAM_ERRORS(X) \
	X(PARAM_FINE,     250, "2.1.0", "parameters accepted") \
	X(PARAM_UNKNOWN,  555, "5.5.4", "parameter not recognized or not implemented") \
	X(PARAM_VALUE,    501, "5.5.4", "parameter with a bad value") \
	X(PARAM_REPEATED, 501, "5.5.4", "parameter given twice") \
	X(PARAM_SYNTAX,   501, "5.5.4", "parameters are not well-formed")

#define PARAM_ERROR_ENUM(name, code, status, text) name,
/* Their numbers. */
enum param_error { PARAM_ERRORS(PARAM_ERROR_ENUM) PARAM_ERROR_COUNT };
#undef PARAM_ERROR_ENUM

/* The reply to refused parameters: static texts. */
struct param_reply {
	uint16_t code;
	const char *status, *text;
};

/* Names of the errors, for tests and logs. */
extern const char *const param_error_name[PARAM_ERROR_COUNT];

/* The reply for an error. */
const struct param_reply *param_error_reply(enum param_error why);

/* Reads the words behind a path; `known` is the set of parameters on offer. E_OK; E_ARG with
 * *why and in *which the offending word as written (clean it before it is shown). */
int mail_params_parse(struct slice words, unsigned known, struct mail_params *out,
	enum param_error *why, struct slice *which);
int rcpt_params_parse(struct slice words, unsigned known, struct rcpt_params *out,
	enum param_error *why, struct slice *which);

/* The text of BODY and RET values; index 0 is the empty string. */
extern const char *const params_body_text[3];
extern const char *const params_ret_text[3];

/* The text of a NOTIFY set ("SUCCESS,FAILURE"); empty for 0. */
const char *params_notify_text(unsigned notify);

#endif
