/*
 * imap_reply.h - every reply of our own that an IMAP client can get: status, response code
 * (RFC 9051 7.1, RFC 5530), sentence. One table, so that the same thing is always said in the
 * same words. A client drops its stored password on AUTHENTICATIONFAILED and on nothing else
 * here: whatever is not the password's fault says so (IM-19).
 */
#ifndef PROTO_IMAP_REPLY_H
#define PROTO_IMAP_REPLY_H

#include "base/fmt.h"
#include "base/slice.h"

/* X(name, status, code or "", text) */
#define IMAP_REPLIES(X) \
	X(NOTHING,          "", "", "") \
	X(CAPABILITY_DONE,  "OK", "", "Capabilities listed") \
	X(NOOP_DONE,        "OK", "", "Nothing done") \
	X(ID_DONE,          "OK", "", "Noted") \
	X(LOGOUT_DONE,      "OK", "", "Signed out") \
	X(STARTTLS_GO,      "OK", "", "Ready to start TLS") \
	X(LOGGED_IN,        "OK", "", "Signed in") \
	X(BYE_LOGOUT,       "BYE", "", "Goodbye") \
	X(BYE_STOPPING,     "BYE", "UNAVAILABLE", "The gateway is stopping, try again later") \
	X(BYE_FULL,         "BYE", "UNAVAILABLE", "Too many connections, try again later") \
	X(BYE_TIMEOUT,      "BYE", "", "Timeout, closing the connection") \
	X(BYE_TOO_MANY_ERRORS, "BYE", "", "Too many errors, closing the connection") \
	X(BYE_TOO_LONG,     "BYE", "TOOBIG", "Far more than a sign-in needs, closing the connection") \
	X(BYE_JUNK,         "BYE", "", "This is a mail server") \
	X(STARTTLS_NOT_HERE, "BAD", "", "STARTTLS is not offered here") \
	X(STARTTLS_ON_ALREADY, "BAD", "", "TLS is already active") \
	X(NEED_TLS,         "NO", "PRIVACYREQUIRED", "Turn TLS on (STARTTLS) before signing in") \
	X(AUTH_FAILED,      "NO", "AUTHENTICATIONFAILED", "Wrong login or password") \
	X(AUTH_EXPIRED,     "NO", "EXPIRED", "The provider says that the password has expired") \
	X(AUTH_ADMIN,       "NO", "CONTACTADMIN", "The provider refuses this login, its administrator" \
		" has to act") \
	X(AUTH_LATER,       "NO", "UNAVAILABLE", "Too many failed sign-ins, try again later") \
	X(AUTH_CANCELLED,   "BAD", "", "Sign-in cancelled") \
	X(AUTH_SYNTAX,      "BAD", "", "Not what this mechanism sends") \
	X(AUTH_LONG,        "BAD", "TOOBIG", "Login or password too long") \
	X(AUTH_MECH,        "NO", "CANNOT", "Authentication mechanism not offered") \
	X(UP_DOWN,          "NO", "UNAVAILABLE", "The provider cannot be reached now, try again" \
		" later") \
	X(UP_LOST,          "NO", "UNAVAILABLE", "The connection to the provider was lost, try" \
		" again later") \
	X(UP_TLS,           "NO", "UNAVAILABLE", "No verified TLS with the provider, try again" \
		" later") \
	X(UP_AUTH,          "NO", "UNAVAILABLE", "The provider refused the account's sign-in, the" \
		" owner has to act") \
	X(UP_AUTH_TEMP,     "NO", "UNAVAILABLE", "The sign-in cannot be checked now, try again" \
		" later") \
	X(UP_BUSY,          "NO", "INUSE", "The mailbox is in use elsewhere, try again later") \
	X(UP_LIMIT,         "NO", "LIMIT", "A limit of the provider is reached, try again later") \
	X(NO_SLOT,          "NO", "UNAVAILABLE", "Busy, try again later") \
	X(NO_ACCOUNT,       "NO", "CONTACTADMIN", "No account is configured for this login, the" \
		" owner has to act") \
	X(NOT_SIGNED_IN,    "BAD", "", "Sign in first") \
	X(UNKNOWN,          "BAD", "", "Command not recognized") \
	X(SYNTAX,           "BAD", "", "Syntax error in the command") \
	X(BAD_TAG,          "BAD", "", "A command begins with a tag and a space") \
	X(COMMAND_LONG,     "BAD", "TOOBIG", "Command too long") \
	X(LITERAL_LONG,     "BAD", "TOOBIG", "Literal too long before signing in")

/* One of our own replies. */
#define IMAP_REPLY_ENUM(name, status, code, text) IMAP_SAY_##name,
enum imap_say { IMAP_REPLIES(IMAP_REPLY_ENUM) IMAP_SAY_COUNT };
#undef IMAP_REPLY_ENUM

/* The names of the rows ("AUTH_FAILED"), for logs and tests. */
extern const char *const imap_say_name[IMAP_SAY_COUNT];

/* The whole line with CRLF: `tag STATUS [CODE] text`. The tag is `*` for BYE and BAD_TAG whatever
 * `tag` is, and where `tag` is empty. LOGOUT is answered by BYE_LOGOUT, then LOGOUT_DONE. Nothing
 * is written for IMAP_SAY_NOTHING. */
void imap_say_put(struct fmt *f, struct slice tag, enum imap_say what);

#endif
