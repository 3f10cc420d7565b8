/*
 * imap_syntax.h - the strings of IMAP (RFC 9051 4.3, 9): how far an atom or a quoted string goes,
 * and the literal that a line ends with.
 */
#ifndef PROTO_IMAP_SYNTAX_H
#define PROTO_IMAP_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* The announcement of a literal: `{n}`, or `{n+}`, which comes unasked (RFC 7888). */
struct imap_literal {
	bool there, unasked;
	uint32_t size;          /* octets; UINT32_MAX stands for more, too */
	size_t at;              /* where the announcement begins; the line's length without one */
};

/* How many octets at the front are ASTRING-CHAR: no blanks, controls, 8-bit, and none of
 * ( ) { % * " \ */
size_t imap_atom_len(struct slice text);

/* Octets of the atom or quoted string at the front, the quotes and what they escape counted as
 * they stand; 0: neither, or the string has no end, a bare CR, or a backslash before anything but
 * \\ and \". */
size_t imap_astring_len(struct slice text);

/* The literal that a line without its line end announces: `{` digits [`+`] `}` at the very end and
 * outside quotes; anything else there is text. Zeros in front count for nothing. */
struct imap_literal imap_literal_find(struct slice line);

#endif
