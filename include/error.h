/*
 * error.h - the one list of results. A function answers >= 0 (a count, a value, or E_OK) or one
 * of these. Everything below -1 is final for the object it was said of; E_AGAIN and E_MORE are
 * not errors.
 */
#ifndef ERROR_H
#define ERROR_H

/* X(name, value, text): the text completes the sentence "… failed: TEXT". */
#define ERROR_LIST(X) \
	X(E_OK,         0, "no error") \
	X(E_AGAIN,     -1, "not now") \
	X(E_EOF,       -2, "the other side closed the connection") \
	X(E_RESET,     -3, "connection reset") \
	X(E_REFUSED,   -4, "connection refused") \
	X(E_UNREACH,   -5, "host or network unreachable") \
	X(E_TIMEOUT,   -6, "no answer in time") \
	X(E_NOSLOT,    -7, "no free slot") \
	X(E_LIMIT,     -8, "a limit was reached") \
	X(E_PROTO,     -9, "protocol error") \
	X(E_TLS,      -10, "TLS failed") \
	X(E_ARG,      -11, "invalid argument") \
	X(E_NOENT,    -12, "not found") \
	X(E_ACCESS,   -13, "access denied") \
	X(E_IO,       -14, "input/output error") \
	X(E_FULL,     -15, "storage full") \
	X(E_MORE,     -16, "more to come") \
	X(E_CLOCK,    -17, "the time is not known") \
	X(E_EXIST,    -18, "already exists") \
	X(E_INUSE,    -19, "in use")

/* The codes; E_OK is 0, all others are negative. */
#define ERROR_ENUM(name, value, text) name = (value),
enum error { ERROR_LIST(ERROR_ENUM) };
#undef ERROR_ENUM

/* The text of a result for logs and replies ("connection refused"); "no error" for results >= 0,
 * "unknown error" for a code outside the list. Static storage. */
const char *error_text(int result);

#endif
