/*
 * header_from.h - the From field that takes the place of a device's (DECISIONS 20).
 */
#ifndef PROTO_HEADER_FROM_H
#define PROTO_HEADER_FROM_H

#include "proto/header.h"

/* Makes the field from the value collected in h->from, into h->from; notes the old address in
 * h->old. The field with its line end. */
struct slice header_from_make(struct header_filter *h);

#endif
