/*
 * pools.c - the one list of pools. Each module defines its own.
 */
#include "gateway/pools.h"

#include "console/console.h"
#include "gateway/proxy.h"
#include "gateway/relay.h"
#include "gateway/session.h"
#include "gateway/upstream.h"
#include "io/pools.h"
#include "io/x509.h"

#define POOL_LIST(X) \
	X(session) X(relay) X(transaction) X(proxy) X(imap_command) X(upstream) X(sasl) X(consoles) \
	X(lines) X(outputs) X(records_small) X(records_mid) X(records_large) \
	X(tls_servers) X(tls_clients) X(x509)

#define POOL_REF(name) &pool_##name,
struct pool *const pools[] = { POOL_LIST(POOL_REF) };
#undef POOL_REF

const unsigned pools_count = sizeof pools / sizeof pools[0];
