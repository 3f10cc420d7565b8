/*
 * proxy_signin.h - the sign-in of a proxy's client: lines of an exchange, and the way to the
 * provider. For proxy*.c and the proxies only.
 */
#ifndef GATEWAY_PROXY_SIGNIN_H
#define GATEWAY_PROXY_SIGNIN_H

#include "gateway/proxy.h"

/* A line of the client in PROXY_SASL. E_OK. */
int proxy_signin_line(struct session *s, struct slice line);

/* PROXY_SIGNIN: the provider is reached and signs us in, or the client hears why not. */
int proxy_signin_step(struct session *s);

/* The provider takes longer than clients wait: they hear so, and may try again. > 0. */
int proxy_signin_late(struct session *s);

/* Gives back all that a sign-in holds: exchange, command, the way to the provider. */
void proxy_signin_end(struct session *s);

#endif
