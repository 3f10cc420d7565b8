/*
 * users.h - whether a sign-in is that of a local user. Takes the same time whether the name is
 * known or not.
 */
#ifndef GATEWAY_USERS_H
#define GATEWAY_USERS_H

#include "config/settings.h"
#include "proto/sasl.h"

/* Mechanisms that can work with what is configured: PLAIN and LOGIN; CRAM-MD5 where some user's
 * password is kept in clear and no account passes logins on (DECISIONS 13, 16). Set of
 * SASL_BIT(). */
unsigned users_mechs(const struct settings *s);

/* The user whose login and password a finished exchange carries; NULL when there is none. */
const struct cfg_user *users_check(const struct settings *s, const struct sasl_server *exchange);

#endif
