/*
 * pop3_reply.h - every reply of our own that a POP3 client can get: status, response code (RFC
 * 2449 8, RFC 3206), sentence. One table, so that the same thing is always said in the same
 * words. [AUTH] is for wrong credentials alone; [SYS/TEMP] and [IN-USE] make the client try
 * again and keep its password (PO-11).
 */
#ifndef PROTO_POP3_REPLY_H
#define PROTO_POP3_REPLY_H

#include "base/fmt.h"

/* X(name, status, code or "", text) */
#define POP3_REPLIES(X) \
	X(NOTHING,          "", "", "") \
	X(OK,               "+OK", "", "Nothing done") \
	X(CAPA,             "+OK", "", "Capabilities follow") \
	X(USER_OK,          "+OK", "", "Now the password") \
	X(STLS_GO,          "+OK", "", "Ready to start TLS") \
	X(LOGGED_IN,        "+OK", "", "Signed in") \
	X(BYE,              "+OK", "", "Goodbye") \
	X(STOPPING,         "-ERR", "SYS/TEMP", "The gateway is stopping, try again later") \
	X(TIMEOUT,          "-ERR", "SYS/TEMP", "Timeout, closing the connection") \
	X(TOO_MANY_ERRORS,  "-ERR", "", "Too many errors, closing the connection") \
	X(TOO_LONG,         "-ERR", "", "Line too long, closing the connection") \
	X(JUNK,             "-ERR", "", "This is a mail server") \
	X(STLS_NOT_HERE,    "-ERR", "", "STLS is not offered here") \
	X(STLS_ON_ALREADY,  "-ERR", "", "TLS is already active") \
	X(NEED_TLS,         "-ERR", "SYS/PERM", "Turn TLS on (STLS) before signing in") \
	X(AUTH_FAILED,      "-ERR", "AUTH", "Wrong login or password") \
	X(AUTH_EXPIRED,     "-ERR", "AUTH", "The provider says that the password has expired") \
	X(AUTH_ADMIN,       "-ERR", "SYS/PERM", "The provider refuses this login, its administrator" \
		" has to act") \
	X(AUTH_LATER,       "-ERR", "SYS/TEMP", "Too many failed sign-ins, try again later") \
	X(AUTH_CANCELLED,   "-ERR", "", "Sign-in cancelled") \
	X(AUTH_SYNTAX,      "-ERR", "", "Not what this mechanism sends") \
	X(AUTH_LONG,        "-ERR", "", "Login or password too long") \
	X(AUTH_MECH,        "-ERR", "", "Authentication mechanism not offered") \
	X(USER_FIRST,       "-ERR", "", "Send USER first") \
	X(NO_APOP,          "-ERR", "", "APOP is not offered, sign in with USER and PASS, or AUTH") \
	X(UP_DOWN,          "-ERR", "SYS/TEMP", "The provider cannot be reached now, try again later") \
	X(UP_LOST,          "-ERR", "SYS/TEMP", "The connection to the provider was lost, try again" \
		" later") \
	X(UP_TLS,           "-ERR", "SYS/TEMP", "No verified TLS with the provider, try again later") \
	X(UP_AUTH,          "-ERR", "SYS/TEMP", "The provider refused the account's sign-in, the" \
		" owner has to act") \
	X(UP_AUTH_TEMP,     "-ERR", "SYS/TEMP", "The sign-in cannot be checked now, try again later") \
	X(UP_BUSY,          "-ERR", "IN-USE", "The mailbox is in use elsewhere, try again later") \
	X(UP_LIMIT,         "-ERR", "SYS/TEMP", "A limit of the provider is reached, try again later") \
	X(NO_SLOT,          "-ERR", "SYS/TEMP", "Busy, try again later") \
	X(NO_ACCOUNT,       "-ERR", "SYS/PERM", "No account is configured for this login, the owner" \
		" has to act") \
	X(NOT_SIGNED_IN,    "-ERR", "", "Sign in first") \
	X(UNKNOWN,          "-ERR", "", "Command not recognized") \
	X(ARGUMENT,         "-ERR", "", "This command needs an argument") \
	X(NO_ARGUMENT,      "-ERR", "", "This command takes no argument") \
	X(SYNTAX,           "-ERR", "", "Syntax error in the command") \
	X(COMMAND_LONG,     "-ERR", "", "Command too long")

/* One of our own replies. */
#define POP3_REPLY_ENUM(name, status, code, text) POP3_SAY_##name,
enum pop3_say { POP3_REPLIES(POP3_REPLY_ENUM) POP3_SAY_COUNT };
#undef POP3_REPLY_ENUM

/* The names of the rows ("AUTH_FAILED"), for logs and tests. */
extern const char *const pop3_say_name[POP3_SAY_COUNT];

/* The whole line with CRLF: `+OK text` or `-ERR [CODE] text`. Nothing is written for
 * POP3_SAY_NOTHING. */
void pop3_say_put(struct fmt *f, enum pop3_say what);

#endif
