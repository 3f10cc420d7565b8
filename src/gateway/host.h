/*
 * host.h - the gateway's own name, and the numbers of its services.
 */
#ifndef GATEWAY_HOST_H
#define GATEWAY_HOST_H

#include "base/waiter.h"

/* Owner indices of kind OWNER_SERVICE. */
enum service { SERVICE_CONSOLES, SERVICE_STORE, SERVICE_CHECKS /* and CHECKS_MAX - 1 more */ };

/* Our name in banners, HELO, Received: the setting, else the system's, else "mailwicket". Static,
 * valid until the configuration changes. */
const char *host_name(void);

/* Takes the name anew from the running configuration. */
void host_refresh(void);

#endif
