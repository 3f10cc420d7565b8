/*
 * address.h - mail addresses: the paths of MAIL FROM and RCPT TO (RFC 5321 4.1.2, 4.1.3, RFC
 * 6531 3.3) and the first mailbox of a From header (RFC 5322 3.4). Slices point into the input.
 */
#ifndef PROTO_ADDRESS_H
#define PROTO_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define ADDRESS_LOCAL_MAX 64    /* octets of a local part (RFC 5321 4.5.3.1.1) */
#define ADDRESS_DOMAIN_MAX 255  /* octets of a domain (4.5.3.1.2) */
#define ADDRESS_PATH_MAX 256    /* octets of a path with its brackets (4.5.3.1.3) */
#define ADDRESS_MAX 254         /* octets of a mailbox: a path without its brackets */

/* One path without brackets and without source route. */
struct path {
	struct slice mailbox;  /* local@domain as written; empty for <>; no '@' without a domain */
	struct slice local;    /* as written, quotes included */
	struct slice domain;   /* as written, without a final dot; empty: none given */
	bool null;             /* the null reverse-path <> */
	bool utf8;             /* has octets >= 0x80, which are valid UTF-8 */
	bool literal;          /* the domain is an address literal */
};

/* What path_parse() allows. */
#define PATH_RECIPIENT 1u  /* a forward-path: no <>; `postmaster` may stand without a domain */
#define PATH_UTF8      2u  /* SMTPUTF8 is on: UTF-8 in local part and domain */
#define PATH_LENIENT   4u  /* as devices write it: blanks around, no brackets, odd dots in the local
	part, a sender without a domain (interop.md 2.6) */

/* Why a path was refused. X(name, reply code, status for a sender, status for a recipient,
 * text). */
#define PATH_ERRORS(X) \
	X(PATH_FINE,        250, "2.1.0", "2.1.5", "address accepted") \
	X(PATH_MISSING,     501, "5.1.7", "5.1.3", "an address is needed") \
	X(PATH_BRACKETS,    501, "5.1.7", "5.1.3", "the address must stand in brackets") \
	X(PATH_CONTROL,     501, "5.1.7", "5.1.3", "control characters in the address") \
	X(PATH_LOCAL,       501, "5.1.7", "5.1.3", "the part before the @ is not well-formed") \
	X(PATH_LOCAL_LONG,  501, "5.1.7", "5.1.3", "the part before the @ is too long") \
	X(PATH_NO_DOMAIN,   501, "5.1.7", "5.1.3", "a domain is needed after the @") \
	X(PATH_DOMAIN,      501, "5.1.7", "5.1.3", "the domain is not well-formed") \
	X(PATH_DOMAIN_LONG, 501, "5.1.7", "5.1.3", "the domain is too long") \
	X(PATH_LITERAL,     501, "5.1.7", "5.1.3", "the address literal is not well-formed") \
	X(PATH_ROUTE,       501, "5.1.7", "5.1.3", "the source route is not well-formed") \
	X(PATH_LONG,        501, "5.1.7", "5.1.3", "the address is too long") \
	X(PATH_NULL,        501, "5.1.7", "5.1.3", "the null address cannot receive mail") \
	X(PATH_NEEDS_UTF8,  553, "5.6.7", "5.6.7", "the address needs SMTPUTF8") \
	X(PATH_BAD_UTF8,    501, "5.1.7", "5.1.3", "the address is not valid UTF-8")

#define PATH_ERROR_ENUM(name, code, sender, recipient, text) name,
/* Their numbers. */
enum path_error { PATH_ERRORS(PATH_ERROR_ENUM) PATH_ERROR_COUNT };
#undef PATH_ERROR_ENUM

/* The reply to a refused path: static texts. */
struct path_reply {
	uint16_t code;
	const char *sender_status, *recipient_status, *text;
};

/* Names of the errors, for tests and logs. */
extern const char *const path_error_name[PATH_ERROR_COUNT];

/* The reply for an error. */
const struct path_reply *path_error_reply(enum path_error why);

/* Takes `word` ("FROM" or "TO") and its colon, case-blind, off the front of *args; with
 * PATH_LENIENT blanks around the word are passed over. E_OK, or E_ARG with *args untouched. */
int path_keyword(struct slice *args, const char *word, unsigned flags);

/* Reads the path at the start of `arg` (what follows the colon); *rest is what follows it,
 * from the first parameter on, without blanks at both ends. Source routes are left out
 * (SS-38); '%' and '!' in local parts have no meaning. E_OK, or E_ARG with *why (PATH_FINE on
 * success); *out and *rest are then undefined. */
int path_parse(struct slice arg, unsigned flags, struct path *out, struct slice *rest,
	enum path_error *why);

/* Whether a mailbox has a form that mail can be sent to: dot-string or quoted local part, a
 * domain of at least two labels that is neither an address literal nor under a name that leads
 * nowhere (localhost, localdomain, invalid). */
bool mailbox_deliverable_form(struct slice mailbox);

/* The domain of a mailbox: what follows its last '@' outside quotes; empty where there is
 * none. */
struct slice mailbox_domain(struct slice mailbox);

/* Same mailbox: local parts byte by byte, domains case-blind (SS-11). */
bool mailbox_eq(struct slice a, struct slice b);

#define HEADER_NAME_MAX 256 /* bytes kept of a display name */

/* The first mailbox of an address list. */
struct header_mailbox {
	uint16_t name_len, addr_len;
	char name[HEADER_NAME_MAX];   /* unquoted, blanks joined, encoded words as written */
	char addr[ADDRESS_MAX];       /* local@domain, or empty: none that is well-formed */
};

/* Reads a From value (folded or not): comments, quoted strings, groups, lists; the display name,
 * or the comment behind a bare address. Never fails: what is no address is taken for a name. No
 * control octets come out; what is too long is cut at a character. */
void header_mailbox_parse(struct slice value, struct header_mailbox *out);

#endif
