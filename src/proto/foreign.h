/*
 * foreign.h - what speaks no mail protocol at all (SS-42, A-07).
 */
#ifndef PROTO_FOREIGN_H
#define PROTO_FOREIGN_H

#include <stdbool.h>

#include "base/slice.h"

/* Whether a line is one of another protocol: an HTTP request, or a TLS record where none is due. */
bool line_is_foreign(struct slice line);

#endif
