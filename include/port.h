/*
 * port.h - everything the gateway asks of the machine it runs on. One directory under port/
 * implements all of it.
 *
 * Rules for every implementation:
 * - Only port_wait() blocks. Functions that read a file outside the store may take as long as the
 *   medium does. Nothing calls back into src/. Nothing allocates after port_start().
 * - Readiness: after E_AGAIN on a handle, port_wait() reports the handle's owner at least once when
 *   the call might succeed. It may report an owner for nothing. An event that happened before the
 *   E_AGAIN need not be reported: callers pull until E_AGAIN.
 * - Handles are opaque, owned by the caller from the call that fills them to the call that closes
 *   them. A closed handle is never reported again.
 * - An owner is a number chosen by the core; PORT_OWNER_NONE is never reported.
 */
#ifndef PORT_H
#define PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* What runs while nothing happens: kept together, so that an idle gateway has few pages of code in
 * memory. Stands before a function's definition. */
#define PORT_IDLE __attribute__((hot, noinline))

/* Who is marked due when something of a handle changes: the core gives the number, the port only
 * hands it back. PORT_OWNER_NONE: nobody. */
typedef uint32_t port_owner;
#define PORT_OWNER_NONE ((port_owner)0)

/* ---- addresses ---- */

/* One address and port. IPv4 is kept as ::ffff:a.b.c.d (RFC 4291 2.5.5.2), so that one comparison
 * and one prefix match serve both families. `zone` is the interface of a link-local address, else
 * 0. */
struct port_addr {
	uint8_t ip[16];
	uint16_t port;
	uint32_t zone;
};

/* ---- start and end ---- */

/* What the port needs to know before the core gives up its rights. Strings are NUL-terminated and
 * only read during the call. */
struct port_setup {
	const char *config_path;    /* the only file that port_file_replace() may write */
	const char *state_path;     /* directory of PORT_STATE objects; made 0700 when missing */
	const char *spool_path;     /* directory of PORT_SPOOL objects; NULL: no spool */
	const char *control_path;   /* control socket; NULL: none */
	const char *user;           /* user and group to become when started with full rights */
	const char *const *files;   /* outside the store, may be read later; NULL-terminated */
};

/* Prepares the port; called once, first. E_OK or E_IO. */
int port_start(void);

/* Takes the privileges away: parent and unprivileged child where the system has such a thing,
 * then the sandbox. After it only the files of `setup`, and those that the configuration file
 * names when its owner asks for a reload, can be opened. Logs (by port_log) what this system
 * could not enforce. E_OK; E_ACCESS when a right that is needed is missing, E_NOENT when the user
 * does not exist, E_IO: in each case *why is a static sentence for the owner. */
int port_secure(const struct port_setup *setup, const char **why);

/* The next events of handles, at most `cap` owners, written to `owners`; waits at most `max_ms`
 * (0: looks only; PORT_FOREVER: no limit). Returns their number, 0 after the time. */
int port_wait(uint32_t max_ms, port_owner *owners, int cap);
#define PORT_FOREVER UINT32_MAX

/* Requests from outside since the last call, as a set of PORT_SIGNAL_ bits; asking clears them.
 * port_wait() returns early (possibly with 0) when one arrives. */
unsigned port_signals(void);
#define PORT_SIGNAL_RELOAD 1u
#define PORT_SIGNAL_STOP   2u

/* Tells a supervisor, where there is one, that every listener is bound. `line` is printed to the
 * standard error (or console) whole. */
void port_ready(const char *line);

/* Plain text for the person who started the program: standard output, or standard error
 * (`error`). On a board the console. Waits for the far end; only before the first port_wait(), or
 * when ending. */
void port_print(bool error, const char *text, size_t len);

/* Starts the machine or the program again. Does not return. */
_Noreturn void port_restart(void);

/* The core found itself broken: says `what` and where on the last resort output, then restarts or
 * ends the program. Does not return. */
_Noreturn void port_panic(const char *file, int line, const char *what);

/* ---- TCP ---- */

struct port_tcp;
struct port_listener;

/* Listens at an address and port (port 0: any free port; port_listener_addr() tells). IPv4 and IPv6
 * are separate: an IPv6 listener takes no IPv4. E_OK, E_INUSE (address taken), E_ACCESS (port needs
 * rights that are gone), E_NOENT (address is not ours, or family missing), E_NOSLOT. */
int port_listen(const struct port_addr *at, port_owner owner, struct port_listener **out);

/* The address that a listener is bound to. E_OK. */
int port_listener_addr(const struct port_listener *l, struct port_addr *out);

/* Stops listening. Connections already accepted live on. */
void port_unlisten(struct port_listener *l);

/* Accepts a connection for an owner whose slot exists already (else its first edge is lost).
 * `peer` is filled. E_OK, E_AGAIN, E_NOSLOT (descriptors or handles used up: the connection was
 * accepted and closed, or waits; the listener is reported again when one is free). */
int port_accept(struct port_listener *l, port_owner owner, struct port_tcp **out,
	struct port_addr *peer);

/* Starts to connect. The outcome is that of the first port_read() or port_write(): E_AGAIN while it
 * lasts, then E_REFUSED, E_UNREACH, E_TIMEOUT or success. E_OK, E_NOSLOT, E_UNREACH, E_REFUSED. */
int port_connect(const struct port_addr *to, port_owner owner, struct port_tcp **out);

/* Whether a connection that port_connect() began stands. E_OK; E_AGAIN while it is being made; else
 * why it failed, as port_read() would say. */
int port_connected(struct port_tcp *c);

/* Gives a connection another owner; the new one is reported once at the next port_wait(). */
void port_owner_set(struct port_tcp *c, port_owner owner);

/* Reads at most `len` > 0 bytes. Returns their number (> 0), E_AGAIN, E_EOF (orderly end: every
 * further read says so again), E_RESET, E_REFUSED, E_UNREACH, E_TIMEOUT. */
int port_read(struct port_tcp *c, void *buf, size_t len);

/* Writes at most `len` > 0 bytes, copied before it returns. Returns the number taken (> 0),
 * E_AGAIN, or the errors of port_read(). Small writes are sent at once (no Nagle delay). */
int port_write(struct port_tcp *c, const void *buf, size_t len);

/* Ends our direction (FIN after what was written); reading goes on. E_OK or the errors of
 * port_read(). */
int port_finish(struct port_tcp *c);

/* Gives the connection back: what was written is still delivered where the peer takes it. */
void port_close(struct port_tcp *c);

/* Gives the connection back with a reset. */
void port_abort(struct port_tcp *c);

/* Our own end of a connection. E_OK or E_RESET. */
int port_local(const struct port_tcp *c, struct port_addr *out);

/* ---- UDP ---- */

struct port_udp;

/* A socket for one exchange with one server, from a fresh, unpredictable local port; datagrams of
 * other senders are dropped. E_OK, E_NOSLOT, E_UNREACH. */
int port_udp_open(const struct port_addr *server, port_owner owner, struct port_udp **out);

/* Sends one datagram whole. E_OK, E_AGAIN, E_UNREACH, E_REFUSED. */
int port_udp_send(struct port_udp *u, const void *buf, size_t len);

/* Receives one datagram: its length (a longer one is cut to `cap` and its length still said),
 * E_AGAIN, E_REFUSED (an ICMP error came back). */
int port_udp_receive(struct port_udp *u, void *buf, size_t cap);

/* Gives the socket back. */
void port_udp_close(struct port_udp *u);

/* ---- network facts ---- */

/* Name servers in use by the system, at most `cap`; returns their number (0: none known). */
int port_dns_servers(struct port_addr *out, int cap);

/* Our own addresses (port 0), at most `cap`; returns their number. */
int port_own_addresses(struct port_addr *out, int cap);

/* The system's host name as a NUL-terminated string of at most `cap` - 1 bytes; E_OK or E_NOENT. */
int port_hostname(char *out, size_t cap);

/* ---- clock and entropy ---- */

/* Milliseconds since some moment before the start; never goes back, never jumps. */
uint64_t port_clock_ms(void);

/* Seconds since 1970 UTC in *unix_s. E_OK: trusted. E_CLOCK: *unix_s is a floor (the build date or
 * the last persisted time), the true time is later. */
int port_time(int64_t *unix_s);

/* Fills `buf` with unpredictable bytes. E_OK; E_AGAIN until the source is healthy. */
int port_entropy(void *buf, size_t len);

/* ---- storage: named objects that appear whole or not at all ---- */

/* An object that is being written or read, from a fixed table of the port; its area says what it is
 * for: settings and what is learnt, or mail that waits. */
struct port_object;
enum port_area { PORT_STATE, PORT_SPOOL };
#define PORT_NAME_MAX 48 /* longest object name in bytes without the NUL: [A-Za-z0-9._-] */

/* Starts a new object that nobody sees before port_store_commit(). E_OK, E_AGAIN, E_NOSLOT, E_FULL,
 * E_IO, E_ARG (name), E_ACCESS. */
int port_store_create(enum port_area area, const char *name, port_owner owner,
	struct port_object **out);

/* Appends bytes to an object made by port_store_create(), or by port_store_extend(). Returns `len`
 * or E_FULL, E_IO; after an error the object must be dropped. */
int port_store_append(struct port_object *o, const void *buf, size_t len);

/* Makes what was appended durable. E_OK, E_AGAIN (goes on; call again at the owner's edge), E_IO:
 * the object must be dropped, and is never synced again (a failed sync says nothing about the
 * next). */
int port_store_sync(struct port_object *o);

/* Makes the object appear under its name, in place of an older one, durably, and closes it.
 * Includes the sync. E_OK, E_AGAIN, E_IO, E_FULL; after an error the object is gone and the older
 * one still stands. */
int port_store_commit(struct port_object *o);

/* Opens an existing object for reading; *size is its length in bytes. E_OK, E_NOENT, E_NOSLOT,
 * E_IO, E_AGAIN. */
int port_store_open(enum port_area area, const char *name, port_owner owner,
	struct port_object **out, uint64_t *size);

/* Opens an existing object for appending (and reading). As port_store_open(). */
int port_store_extend(enum port_area area, const char *name, port_owner owner,
	struct port_object **out, uint64_t *size);

/* Reads at an offset: the number of bytes (0 at the end), E_IO, E_AGAIN. */
int port_store_read(struct port_object *o, uint64_t at, void *buf, size_t len);

/* Closes an object; one that was created and not committed vanishes. */
void port_store_drop(struct port_object *o);

/* Removes an object, durably before the next commit's return. E_OK, E_NOENT, E_IO. */
int port_store_remove(enum port_area area, const char *name);

/* Renames an object (quarantine). E_OK, E_NOENT, E_EXIST, E_IO. */
int port_store_rename(enum port_area area, const char *from, const char *to);

/* The object after `name` in the area's own fixed order (empty: the first) into `name`, which holds
 * PORT_NAME_MAX + 1 bytes. E_OK, E_NOENT at the end, E_IO. */
int port_store_next(enum port_area area, char *name);

/* Bytes that may still be written to the area. E_OK or E_IO. */
int port_store_free(enum port_area area, uint64_t *bytes);

/* Takes the area for this process until it ends. E_OK, E_INUSE, E_IO. */
int port_store_lock(enum port_area area);

/* ---- files outside the store ---- */

struct port_file;

/* Opens a file (configuration, certificates, trust, passwords) for reading; *size in bytes, *stamp
 * changes when the file does. E_OK, E_NOENT, E_ACCESS (not readable, or not in the set that
 * port_secure() left), E_NOSLOT, E_IO. */
int port_file_open(const char *path, struct port_file **out, uint64_t *size, uint64_t *stamp);

/* Reads at an offset: number of bytes (0 at the end) or E_IO. */
int port_file_read(struct port_file *f, uint64_t at, void *buf, size_t len);

/* Closes it. */
void port_file_close(struct port_file *f);

/* Who else than its owner may read or write the file: a set of PORT_FILE_ bits, or the errors of
 * port_file_open(). */
int port_file_exposed(const char *path);
#define PORT_FILE_OTHERS_READ  1
#define PORT_FILE_OTHERS_WRITE 2

/* Replaces the configuration file atomically and durably by `len` bytes. E_OK, E_ACCESS, E_IO,
 * E_FULL. */
int port_file_replace(const char *path, const void *buf, size_t len);

/* ---- consoles ---- */

/* One open console, and what is known of whoever sits at it. */
struct port_console;
struct port_console_info {
	bool interactive;   /* a person at a terminal that sends every key as it is pressed and shows
	                     * nothing by itself; a line feed begins the next row at its left */
	bool prompts;       /* a person, or one command of a person: secrets are asked for in words */
	bool escapes;       /* the terminal knows ECMA-48's escape sequences */
	bool full_rights;   /* may see secrets and change everything */
	uint16_t columns, rows; /* of the terminal; 0: unknown. Interactive and 0 columns: it is asked,
	                     * and has no escapes until it answers (CSI ROWS ; COLUMNS R) */
};

/* Sets the owner that is reported when a console may be accepted. */
void port_console_owner(port_owner owner);

/* The next console that somebody opened (terminal, control socket, UART), for an owner whose slot
 * exists. E_OK, E_AGAIN, E_NOSLOT. */
int port_console_accept(port_owner owner, struct port_console **out,
	struct port_console_info *info);

/* Bytes in and out; results as port_read() and port_write(). */
int port_console_read(struct port_console *c, void *buf, size_t len);
int port_console_write(struct port_console *c, const void *buf, size_t len);

/* What the far end shall do for the next line of input. */
enum port_console_ask {
	PORT_ASK_COMMAND,   /* a command line */
	PORT_ASK_TEXT,      /* lines of text up to the end of input or a line with a single dot */
	PORT_ASK_SECRET     /* one line that is not echoed */
};

/* Tells the far end which kind of input is awaited now: before each text and secret, and when the
 * next command is awaited (a far end that has only one command ends then). E_OK or E_AGAIN. */
int port_console_ask(struct port_console *c, enum port_console_ask what);

/* Closes a console; a scripted one ends with `status` (0 success). */
void port_console_close(struct port_console *c, int status);

/* The program as a client of a running gateway's control socket (systems with processes only;
 * called without port_start()). `argv` are the words of one command, joined with spaces; with
 * argc 0 the terminal, or the lines of the standard input, are passed on until their end. Returns
 * the gateway's status (0 success, 1 failure, 2 usage), or E_NOENT, E_REFUSED (no gateway runs
 * there), E_ACCESS (the socket is not ours to open), E_NOSLOT, E_IO. */
int port_console_client(const char *control_path, int argc, char *const argv[]);

/* ---- log ---- */

/* Urgency of a line of the log, the most urgent first. */
enum port_level { PORT_LOG_ERROR, PORT_LOG_WARN, PORT_LOG_INFO, PORT_LOG_DEBUG };

/* Sends the log to "stderr", "syslog" or "udp://HOST:PORT" (HOST an address). E_OK or E_ARG. */
int port_log_open(const char *where);

/* One line without line end. Never waits: what cannot be written now is dropped and counted, and
 * the count is said when writing works again. */
void port_log(enum port_level level, const char *line, size_t len);

#endif
