/*
 * cert_make.h - certificates that the gateway signs itself: RFC 5280 profile of an authority and
 * of a leaf.
 */
#ifndef IO_CERT_MAKE_H
#define IO_CERT_MAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "io/cert.h"
#include "io/cert_view.h"

#define CERT_MADE_MAX 2560       /* bytes of a certificate that is made here */
#define CERT_MADE_NAMES_MAX 1280 /* bytes of the names in one */

/* What a certificate shall say. */
struct cert_recipe {
	const char *title;               /* common name, at most 64 bytes */
	const struct identity_leaf *key; /* whose public half it certifies */
	const struct identity_leaf *signer;
	const struct cert_view *issuer;  /* the authority; NULL: it is one itself */
	struct slice names;              /* content of GeneralNames; of a leaf only */
	int64_t not_before_s, not_after_s;
};

/* Makes a certificate into `out` of `cap` bytes: its length; E_AGAIN (no entropy for the serial
 * number), E_LIMIT, E_IO (signing failed). */
int cert_make(const struct cert_recipe *r, uint8_t *out, size_t cap);

/* Appends a name or address literal to GeneralNames content in `names` of `cap` bytes, *len being
 * used so far, unless it stands there. E_OK; E_ARG: cannot stand in a certificate; E_LIMIT: no
 * room. */
int cert_name_add(uint8_t *names, size_t cap, size_t *len, const char *name);

/* The same for an address. */
int cert_address_add(uint8_t *names, size_t cap, size_t *len, const struct port_addr *a);

#endif
