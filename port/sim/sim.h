/*
 * sim.h - the test machine's own side of port.h: what tests use to play the rest of the world.
 *
 * port/sim implements port.h in one process without a system below: connections are byte queues,
 * time is a number, storage is memory. Everything follows from the seed, so a run repeats exactly.
 * A test calls sim_reset(), sets the world up, runs the core, plays far ends between its passes.
 *
 * Time moves only in port_wait() (to the next event, at most by what the core allowed) and in
 * sim_clock_advance(). port_wait() also returns when something reaches a far end, so that the test
 * can act at that moment. Far ends are small numbers >= 0; results are those of error.h.
 */
#ifndef SIM_H
#define SIM_H

#include "port.h"

/* How much of a world there is. */
enum {
	SIM_ENDS = 1024,          /* ends of TCP connections, both sides counted */
	SIM_QUEUE = 4096,         /* bytes on their way in one direction of a connection */
	SIM_LISTENERS = 32,       /* listeners of the gateway, and as many of far ends */
	SIM_UDP = 32,             /* UDP sockets of the gateway */
	SIM_DATAGRAM = 1500,      /* longest datagram in bytes */
	SIM_DATAGRAMS = 64,       /* datagrams on their way to the gateway */
	SIM_DNS_RECORDS = 64,     /* records of the built-in name server */
	SIM_OBJECTS = 32,         /* store objects open at once */
	SIM_STORED = 256,         /* names in the store, both areas */
	SIM_FILES = 48,           /* files outside the store */
	SIM_BLOCK = 512,          /* storage and files are kept in blocks of this many bytes ... */
	SIM_BLOCKS = 8192,        /* ... of which there are so many */
	SIM_CONSOLES = 8,         /* consoles open at once */
	SIM_CONSOLE_IN = 4096,    /* typed bytes that wait */
	SIM_CONSOLE_OUT = 65536,  /* printed bytes kept for the test */
	SIM_LOG_LINES = 1024,     /* log lines kept */
	SIM_LOG_LINE = 400        /* bytes kept of each, with the NUL */
};

/* ---- the machine ---- */

/* Puts everything back: no connection, no object, no file, no record, no fault; the clock stands
 * 30 s before 2^32 ms, the wall clock at 2026-11-22 12:00:00 UTC trusted, entropy healthy, from
 * `seed`, segments whole, latency 0. */
void sim_reset(uint64_t seed);

/* A number in 0 .. n - 1 (n > 0), not from the generator behind port_entropy(). */
uint32_t sim_random(uint32_t n);

/* Counts everything that moved: bytes, connections, datagrams, log lines. A pass of the core that
 * leaves it as it was has done nothing. */
uint64_t sim_moves(void);

/* A hash over every port call and its result so far: equal for equal seeds on every machine. */
uint64_t sim_trace(void);

/* Handles that the core holds: all, and without listeners. Both must be 0 after a stop; the second
 * whenever no session is left. */
int sim_open_handles(void);
int sim_open_transient(void);

/* What the core last allowed port_wait() to wait, and how often it waited for ever with nothing to
 * come (a stall when a session was alive). */
uint32_t sim_last_wait_ms(void);
uint32_t sim_stalls(void);

/* Asks from outside: PORT_SIGNAL_ bits. */
void sim_signal(unsigned bits);

/* The lines that port_ready() printed, counted. */
int sim_ready_count(void);

/* ---- faults ---- */

/* Port calls that can fail, counted since sim_reset(); reads and writes of connections alone. */
uint32_t sim_ops(void);
uint32_t sim_io_ops(void);

/* Lets the n-th counted call (1: the first; 0: none) fail. `what` < 0: with that code where the
 * call may return it, else with its first; `what` >= 0: the call's own error number `what` modulo
 * their count. `keep`: all later calls fail as well. */
void sim_fault_at(uint32_t n, int what, bool keep);

/* Ends the connection of the n-th read or write (0: none). */
enum sim_cut { SIM_CUT_RESET, SIM_CUT_EOF, SIM_CUT_HOLE, SIM_CUT_COUNT };
void sim_cut_at(uint32_t n, enum sim_cut how);

/* The name of the call that sim_fault_at() hit last, or NULL. */
const char *sim_fault_hit(void);

/* ---- clock and entropy ---- */

/* The clock jumps by `ms` without an event. */
void sim_clock_advance(uint64_t ms);

/* Wall time now, seconds since 1970; not trusted: port_time() says E_CLOCK and gives the floor. */
void sim_wall_set(int64_t unix_s, bool trusted);

/* Not healthy: port_entropy() says E_AGAIN. */
void sim_entropy(bool healthy);

/* ---- network ---- */

/* "10.0.0.9", "fe80::1" or "::ffff:1.2.3.4" with a port. Aborts the test on anything else. */
struct port_addr sim_addr(const char *ip, uint16_t port);
bool sim_addr_equal(const struct port_addr *a, const struct port_addr *b);

/* How bytes reach the core between two waits: all at once, one at a time (reads and writes), of
 * random size with spurious edges and E_AGAIN, or in sizes of a list that is gone round. */
enum sim_segments { SIM_WHOLE, SIM_BYTES, SIM_RANDOM, SIM_LIST };
void sim_segments(enum sim_segments how, const uint16_t *sizes, int count);

/* One-way delay of bytes, connects and datagrams sent from now on. */
void sim_latency(uint32_t ms);

/* Most TCP connections that the core may hold (E_NOSLOT beyond); 0: no limit but SIM_ENDS. */
void sim_tcp_limit(int count);

/* What happens to connects to an address where nobody listens (port 0: every port): refused
 * (default), unreachable, timed out after 60 s, or nothing ever. At most 8 addresses. */
enum sim_route { SIM_REFUSE, SIM_UNREACH, SIM_TIMEOUT, SIM_HOLE };
void sim_route_set(const struct port_addr *to, enum sim_route how);

/* Connects a far end to a listener of the gateway. The far end, or E_REFUSED, E_NOSLOT. */
int sim_peer_connect(const struct port_addr *from, const struct port_addr *to);

/* A fake server: listens (its number, or E_INUSE, E_NOSLOT), and takes the next connection that the
 * gateway made to it (a far end, or E_AGAIN). */
int sim_peer_listen(const struct port_addr *at);
int sim_peer_accept(int listener);

/* As port_read() and port_write(), of a far end; never short of what fits. */
int sim_peer_read(int end, void *buf, size_t len);
int sim_peer_write(int end, const void *buf, size_t len);

/* FIN; FIN and no more reading; RST. After the last two the number is free again. */
void sim_peer_finish(int end);
void sim_peer_close(int end);
void sim_peer_abort(int end);

/* Gone without a word: nothing arrives any more in either direction. */
void sim_peer_vanish(int end);

/* Bytes that the far end takes in before it reads (0: zero window; at most SIM_QUEUE). */
void sim_peer_window(int end, uint16_t bytes);

/* What the far end writes arrives at most `bytes` at a time with `gap_ms` between. */
void sim_peer_pace(int end, uint16_t bytes, uint32_t gap_ms);

/* Bytes that the far end wrote and the core has not read yet. */
int sim_peer_unread(int end);

/* Does the core still hold its side? */
bool sim_peer_alive(int end);

/* The address that the far end has, and the one it talks to. */
void sim_peer_addr(int end, struct port_addr *local, struct port_addr *remote);

/* Datagrams: `handler` gets each one that the core sends; it answers with sim_udp_reply(). With no
 * handler the name server below answers at port 53 and everything else is lost. */
typedef void sim_udp_handler(int socket, const struct port_addr *to, const uint8_t *msg,
	size_t len);
void sim_udp(sim_udp_handler *handler);
/* A datagram to the core's socket after `delay_ms` (plus latency). E_OK or E_NOSLOT. */
int sim_udp_reply(int socket, const void *msg, size_t len, uint32_t delay_ms);
/* An ICMP error to the core's socket: its next receive says E_REFUSED. */
void sim_udp_refuse(int socket);

/* The name server (UDP and TCP, at every address of port_dns_servers()): a record of `type` "A",
 * "AAAA", "CNAME", "PTR", "MX" ("10 mx.test") or "TXT"; names are compared without case. A name
 * without any record is NXDOMAIN. */
void sim_dns_add(const char *name, const char *type, const char *value, uint32_t ttl_s);
enum sim_dns_fault {
	SIM_DNS_OK, SIM_DNS_SERVFAIL, SIM_DNS_SILENT, SIM_DNS_TRUNCATE, SIM_DNS_WRONG_ID,
	SIM_DNS_WRONG_NAME, SIM_DNS_GARBAGE, SIM_DNS_REFUSED, SIM_DNS_TWICE
};
/* What becomes of queries for a name (NULL: for every name without a fault of its own). */
void sim_dns_fault(const char *name, enum sim_dns_fault fault);
/* Queries seen so far. */
int sim_dns_queries(void);
/* The servers that port_dns_servers() tells (default 10.0.0.53:53); NULL, 0: none. */
void sim_dns_servers(const struct port_addr *servers, int count);
/* What port_own_addresses() (default 127.0.0.1, 10.0.0.1, fe80::1) and port_hostname() tell. */
void sim_own_addresses(const struct port_addr *own, int count);
void sim_hostname(const char *name);

/* ---- storage ---- */

/* Bytes that fit the area in all (default 1 MB); milliseconds that create, open, sync and commit
 * take before they stop saying E_AGAIN (default 0). */
void sim_store_space(enum port_area area, uint64_t bytes);
void sim_store_delay(uint32_t ms);

/* Power cut: every handle of the core is gone, far ends see a reset, and the store keeps what a
 * disk may keep. The caller then resets the core and starts it again. */
enum sim_power {
	SIM_POWER_LOSE,    /* nothing that was not made durable */
	SIM_POWER_KEEP,    /* everything that was written */
	SIM_POWER_RANDOM,  /* each part by chance */
	SIM_POWER_TORN     /* as RANDOM, and the last block of an unsynced tail is garbage */
};
void sim_power_cut(enum sim_power how);

/* Puts an object into the store, or reads one: its length (cut to `cap`), or E_NOENT. */
void sim_store_put(enum port_area area, const char *name, const void *bytes, size_t len);
int sim_store_get(enum port_area area, const char *name, void *buf, size_t cap);
int sim_store_count(enum port_area area);

/* ---- files outside the store ---- */

/* A file that port_file_open() finds; again: new contents and a new stamp; bytes NULL: no file. */
void sim_file_set(const char *path, const void *bytes, size_t len);
/* What port_file_exposed() says of it (default 0), and whether it may be read (else E_ACCESS). */
void sim_file_mode(const char *path, int exposed, bool readable);
/* Its contents: the length (cut to `cap`) or E_NOENT. */
int sim_file_get(const char *path, void *buf, size_t cap);

/* ---- consoles ---- */

/* Opens a console; its number or E_NOSLOT. Types into it; ends its input; reads what it printed and
 * forgets it (bytes, 0 for none). */
int sim_console_open(bool interactive, bool full_rights);
int sim_console_type(int number, const char *text);
/* Before it is accepted: what its terminal is; else 80 columns, escapes, rows unknown. */
void sim_console_terminal(int number, bool escapes, uint16_t columns, uint16_t rows);
void sim_console_eof(int number);
/* While blocked it takes no output. */
void sim_console_block(int number, bool blocked);
int sim_console_output(int number, char *buf, size_t cap);
/* The status it was closed with, or E_AGAIN while it is open; frees the number when closed. */
int sim_console_status(int number);
enum port_console_ask sim_console_asked(int number);

/* ---- log ---- */

/* Lines since sim_reset() or sim_log_clear(); those beyond SIM_LOG_LINES are counted, not kept. */
int sim_log_count(void);
const char *sim_log_line(int i, enum port_level *level);
/* The first line from `from` on with that level that contains `text`: its index or E_NOENT. */
int sim_log_find(int from, enum port_level level, const char *text);
void sim_log_clear(void);
/* Echoes every line to the standard error as it comes. */
void sim_log_echo(bool on);

#endif
