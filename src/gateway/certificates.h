/*
 * certificates.h - which certificate a listener shows: the owner's files, or the gateway's own
 * leaf.
 */
#ifndef GATEWAY_CERTIFICATES_H
#define GATEWAY_CERTIFICATES_H

#include "base/fmt.h"
#include "config/settings.h"

/* The number of the identity that a listener with TLS shows; own certificates are made when
 * missing. >= 0, or an error with a sentence in `why`. May wait for the store: only at start and
 * reload. */
int certificates_identity(const struct settings *s, const struct cfg_listener *l, struct fmt *why);

/* Renews what is near its end and reads changed files again; called hourly. */
void certificates_renew(void);

#endif
