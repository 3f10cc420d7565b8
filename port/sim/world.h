/*
 * world.h - what the parts of port/sim share. Nothing outside port/sim includes it.
 */
#ifndef WORLD_H
#define WORLD_H

#include <string.h>

#include "sim.h"

/* Port calls that can fail, and the errors that port.h allows them (0: no more). */
#define SIM_CALLS(X) \
	X(LISTEN, E_INUSE, E_NOSLOT, E_ACCESS) \
	X(ACCEPT, E_NOSLOT, E_AGAIN, 0) \
	X(CONNECT, E_NOSLOT, E_UNREACH, E_REFUSED) \
	X(READ, E_RESET, E_AGAIN, E_TIMEOUT) \
	X(WRITE, E_RESET, E_AGAIN, E_TIMEOUT) \
	X(FINISH, E_RESET, 0, 0) \
	X(LOCAL, E_RESET, 0, 0) \
	X(UDP_OPEN, E_NOSLOT, E_UNREACH, 0) \
	X(UDP_SEND, E_UNREACH, E_AGAIN, E_REFUSED) \
	X(UDP_RECEIVE, E_REFUSED, E_AGAIN, 0) \
	X(HOSTNAME, E_NOENT, 0, 0) \
	X(TIME, E_CLOCK, 0, 0) \
	X(ENTROPY, E_AGAIN, 0, 0) \
	X(STORE_CREATE, E_IO, E_AGAIN, E_FULL) \
	X(STORE_APPEND, E_FULL, E_IO, 0) \
	X(STORE_SYNC, E_IO, E_AGAIN, 0) \
	X(STORE_COMMIT, E_IO, E_AGAIN, E_FULL) \
	X(STORE_OPEN, E_IO, E_AGAIN, E_NOSLOT) \
	X(STORE_READ, E_IO, E_AGAIN, 0) \
	X(STORE_REMOVE, E_IO, 0, 0) \
	X(STORE_RENAME, E_IO, 0, 0) \
	X(STORE_NEXT, E_IO, 0, 0) \
	X(STORE_FREE, E_IO, 0, 0) \
	X(STORE_LOCK, E_INUSE, E_IO, 0) \
	X(FILE_OPEN, E_IO, E_NOENT, E_ACCESS) \
	X(FILE_READ, E_IO, 0, 0) \
	X(FILE_EXPOSED, E_IO, E_NOENT, 0) \
	X(FILE_REPLACE, E_IO, E_FULL, E_ACCESS) \
	X(CONSOLE_ACCEPT, E_NOSLOT, E_AGAIN, 0) \
	X(CONSOLE_READ, E_RESET, E_AGAIN, 0) \
	X(CONSOLE_WRITE, E_RESET, E_AGAIN, 0) \
	X(CONNECTED, E_REFUSED, E_AGAIN, E_TIMEOUT)

#define SIM_CALL_ENUM(name, a, b, c) CALL_##name,
enum sim_call { SIM_CALLS(SIM_CALL_ENUM) CALL_COUNT };
#undef SIM_CALL_ENUM

#define NO_EVENT UINT64_MAX

/* Counts a call; the error that it must return instead of working, or E_OK. */
int world_call(enum sim_call call);
/* Adds a result to the trace and returns it. */
int world_said(enum sim_call call, int result);
void world_moved(void);
uint64_t world_now(void);
uint32_t world_latency(void);
/* Stops the test: something that the simulator cannot represent. */
_Noreturn void world_broken(const char *what);

/* Each part: back to the start; owners with an event into `out`; time of its next event. */
struct owners {
	port_owner *list;
	int count, cap;
	bool far_news;          /* something reached a far end: the test wants its turn */
};
/* Adds an owner; false when there was no room: the event must stay. */
bool world_owners_add(struct owners *o, port_owner owner);

void world_net_reset(void);
void world_net_collect(struct owners *o);
uint64_t world_net_next_ms(void);
void world_net_power_cut(void);
int world_net_handles(void);
int world_net_listener_handles(void);

void world_udp_reset(void);
void world_udp_collect(struct owners *o);
uint64_t world_udp_next_ms(void);
void world_udp_power_cut(void);
int world_udp_handles(void);

void world_dns_reset(void);
void world_dns_datagram(int socket, const uint8_t *msg, size_t len);
void world_dns_serve_tcp(void);

void world_host_reset(void);

void world_store_reset(void);
void world_store_collect(struct owners *o);
uint64_t world_store_next_ms(void);
void world_store_power_cut(enum sim_power how);
int world_store_handles(void);

void world_file_reset(void);
void world_file_power_cut(void);
int world_file_handles(void);

void sim_consoles_reset(void);
void world_console_collect(struct owners *o);
void world_console_power_cut(void);
int world_console_handles(void);

void sim_log_reset(void);

/* Bytes in blocks: a chain that grows at its end. Zeroed is not empty: world_blob_init(). */
struct blob {
	uint32_t len;
	int32_t first, last;
};
void world_blobs_reset(void);
void world_blob_init(struct blob *b);
/* false when no block is left; nothing is kept of these bytes then. */
bool world_blob_append(struct blob *b, const void *bytes, size_t len);
/* Number of bytes copied from offset `at`. */
size_t world_blob_read(const struct blob *b, uint64_t at, void *buf, size_t len);
/* Writes over bytes that are there. */
void world_blob_poke(struct blob *b, uint32_t at, uint8_t value);
void world_blob_cut(struct blob *b, uint32_t len);
void world_blob_free(struct blob *b);

#endif
