/*
 * smtp_reply.h - every reply of our own that an SMTP client can get: code, enhanced code (RFC
 * 3463), sentence. One table, so that the same thing is always said in the same words.
 */
#ifndef PROTO_SMTP_REPLY_H
#define PROTO_SMTP_REPLY_H

#include <stdint.h>

#include "base/fmt.h"

/* X(name, code, enhanced or "", text) */
#define SMTP_REPLIES(X) \
	X(SAY_NOTHING,        0, "", "") \
	X(SAY_OK,           250, "2.0.0", "OK") \
	X(SAY_MAIL_OK,      250, "2.1.0", "Sender OK") \
	X(SAY_RCPT_OK,      250, "2.1.5", "Recipient OK") \
	X(SAY_CHUNK_OK,     250, "2.0.0", "Chunk taken") \
	X(SAY_SENT,         250, "2.0.0", "Delivered to the provider") \
	X(SAY_BYE,          221, "2.0.0", "Goodbye") \
	X(SAY_START_TLS,    220, "2.0.0", "Ready to start TLS") \
	X(SAY_AUTH_OK,      235, "2.7.0", "Authentication succeeded") \
	X(SAY_VRFY,         252, "2.5.0", "Send mail and see") \
	X(SAY_HELP,         214, "2.0.0", "Commands: EHLO HELO STARTTLS AUTH MAIL RCPT DATA" \
		" BDAT RSET NOOP VRFY QUIT") \
	X(SAY_GO_AHEAD,     354, "", "End data with <CR><LF>.<CR><LF>") \
	X(SAY_FULL,         421, "4.3.2", "Too many connections, try again later") \
	X(SAY_FULL_CLIENT,  421, "4.7.0", "Too many connections from your address") \
	X(SAY_STOPPING,     421, "4.3.2", "The gateway is stopping, try again later") \
	X(SAY_SIGN_IN_AGAIN, 421, "4.4.2", "The provider closed the connection, sign in again") \
	X(SAY_TIMEOUT,      421, "4.4.2", "Timeout, closing the connection") \
	X(SAY_TOO_MANY_ERRORS, 421, "4.7.0", "Too many errors, closing the connection") \
	X(SAY_NO_MEMORY,    451, "4.3.2", "Busy, try again later") \
	X(SAY_LOCAL_ERROR,  451, "4.3.0", "Local error, try again later") \
	X(SAY_NOT_REACHED,  451, "4.4.1", "The provider cannot be reached now, try again later") \
	X(SAY_LOST,         451, "4.4.2", "The connection to the provider was lost, try again later") \
	X(SAY_UP_TLS,       451, "4.7.5", "No verified TLS with the provider, try again later") \
	X(SAY_UP_AUTH,      454, "4.7.0", "The provider refused the account's sign-in, the owner" \
		" has to act") \
	X(SAY_UP_AUTH_TEMP, 454, "4.7.0", "The sign-in cannot be checked now, try again later") \
	X(SAY_ROUTE_SPLIT,  452, "4.5.3", "This recipient goes another way, send it in a message" \
		" of its own") \
	X(SAY_TOO_MANY_RCPT, 452, "4.5.3", "Too many recipients, send to the others separately") \
	X(SAY_NO_TLS_NOW,   454, "4.7.0", "TLS is not available now, try again later") \
	X(SAY_AUTH_LATER,   454, "4.7.0", "Too many failed sign-ins, try again later") \
	X(SAY_UNKNOWN,      500, "5.5.2", "Command not recognized") \
	X(SAY_LINE_LONG,    500, "5.5.2", "Line too long") \
	X(SAY_SASL_LONG,    500, "5.5.6", "Authentication line too long") \
	X(SAY_ARGUMENT,     501, "5.5.4", "Syntax error in the argument") \
	X(SAY_NO_ARGUMENT,  501, "5.5.4", "This command takes no argument") \
	X(SAY_BAD_PARAM,    501, "5.5.4", "Bad value of a parameter") \
	X(SAY_BAD_SENDER,   501, "5.1.7", "Bad sender address") \
	X(SAY_BAD_RCPT,     501, "5.1.3", "Bad recipient address") \
	X(SAY_BASE64,       501, "5.5.2", "Not valid base64") \
	X(SAY_AUTH_CANCEL,  501, "5.0.0", "Authentication cancelled") \
	X(SAY_NOT_HERE,     502, "5.5.1", "Command not offered here") \
	X(SAY_SEQUENCE,     503, "5.5.1", "Command out of sequence") \
	X(SAY_NO_RCPT,      503, "5.5.1", "No valid recipients") \
	X(SAY_TLS_ON,       503, "5.5.1", "TLS is already active") \
	X(SAY_AUTH_DONE,    503, "5.5.1", "Already authenticated") \
	X(SAY_AUTH_MECH,    504, "5.5.4", "Authentication mechanism not offered") \
	X(SAY_NEED_AUTH,    530, "5.7.0", "Authentication required") \
	X(SAY_NEED_TLS,     530, "5.7.0", "Must issue a STARTTLS command first") \
	X(SAY_AUTH_FAILED,  535, "5.7.8", "Authentication failed") \
	X(SAY_AUTH_PLAIN,   538, "5.7.11", "Encryption required for this authentication") \
	X(SAY_BAD_CONTENT,  550, "5.6.0", "The message contains a NUL byte, or bare CR or LF bytes") \
	X(SAY_NO_UTF8,      550, "5.6.7", "The provider does not take internationalized mail") \
	X(SAY_NO_RELAY,     550, "5.7.1", "No account is configured for this mail") \
	X(SAY_REJECTED,     550, "5.7.1", "A rule of the gateway refuses this mail") \
	X(SAY_TOO_BIG,      552, "5.3.4", "The message is too big") \
	X(SAY_UTF8_SENDER,  553, "5.6.7", "A UTF-8 address needs the SMTPUTF8 parameter") \
	X(SAY_LOOP,         554, "5.4.6", "The message loops: too many Received headers") \
	X(SAY_NOT_ALLOWED,  554, "5.7.1", "Your address may not use this gateway") \
	X(SAY_PARAM,        555, "5.5.4", "Parameter not recognized") \
	X(SAY_JUNK,         554, "5.5.0", "This is a mail server")

/* One of our own replies. */
#define SMTP_REPLY_ENUM(name, code, enhanced, text) name,
enum smtp_say { SMTP_REPLIES(SMTP_REPLY_ENUM) SMTP_SAY_COUNT };
#undef SMTP_REPLY_ENUM

/* Its reply code, and its enhanced status code as text ("" where a reply has none). */
uint16_t smtp_say_code(enum smtp_say what);
const char *smtp_say_enhanced(enum smtp_say what);

/* The whole reply line with CRLF. */
void smtp_say_put(struct fmt *f, enum smtp_say what);

#endif
