/*
 * posix.h - what the files of this port share, and nobody else sees.
 *
 * Every descriptor that the event loop watches is a posix_handle in a table of its kind. A table is
 * zero until used: slots are handed out from a free list, else from the first never used one, so
 * that a large table costs no memory until it fills. An epoll event carries kind, index and the
 * slot's generation; the generation changes when the slot is given back, so that a late event of a
 * closed handle finds nothing.
 */
#ifndef POSIX_H
#define POSIX_H

#ifndef _TIME_BITS
#define _TIME_BITS 64
#endif

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#include "board.h"
#include "port.h"

/* Sanitizers and coverage need system calls and files that the sandbox forbids. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define POSIX_SANITIZED 1
#endif
#endif
#if !defined(POSIX_SANITIZED) && defined(__SANITIZE_ADDRESS__)
#define POSIX_SANITIZED 1
#endif
#ifndef POSIX_SANITIZED
#define POSIX_SANITIZED 0
#endif

#define POSIX_PATH_MAX 256 /* longest path of a file or directory, with its NUL */

/* ---- handles and events (handle.c, wait.c) ---- */

enum posix_kind {
	POSIX_TCP, POSIX_LISTENER, POSIX_UDP, POSIX_LINGER, POSIX_CONSOLE, POSIX_CONTROL, POSIX_SIGNAL,
	POSIX_PARENT, POSIX_FILE, POSIX_OBJECT, POSIX_KINDS
};

struct posix_handle {
	struct posix_handle *due_next; /* list of handles to report without an event */
	struct posix_handle *due_prev;
	int fd;                        /* valid while `used` */
	port_owner owner;
	uint32_t generation;
	uint16_t index;                /* in the table of its kind */
	uint16_t next_free;            /* index + 1 of the next free slot, 0: none */
	uint8_t kind;
	bool used;
	bool due;
};

struct port_tcp {
	struct posix_handle h;
	int failed;         /* sticky error: the system tells it only once, then says "end" */
	bool connecting;
	bool ended;         /* the peer's end was read */
	bool drained;       /* nothing to read until the next event */
	bool hung;          /* an end or error was reported: reads always ask the system */
};

struct port_listener {
	struct posix_handle h;
	bool starved;       /* waits for a descriptor */
};

struct port_udp {
	struct posix_handle h;
};

struct posix_lingerer {
	struct posix_handle h;
	struct posix_lingerer *next; /* in order of their deadline */
	struct posix_lingerer *prev;
	uint64_t deadline_ms;
};

enum posix_console_state { POSIX_GREETING, POSIX_WAITING, POSIX_OPEN, POSIX_CLOSING };

struct port_console {
	struct posix_handle h;
	struct port_console *next;   /* list of those that wait to be accepted */
	uint64_t since_ms;
	uint16_t columns, rows;
	uint8_t state;
	uint8_t asked;      /* enum port_console_ask of the last question */
	uint8_t mode;       /* what the client greeted as */
	bool full_rights;
	bool once;          /* one command, then its end */
	bool spent;         /* of a `once` console: the line that was asked for went to the core */
	bool over;          /* of a `once` console: its command is done */
	uint8_t tail_len;   /* bytes of the end mark not yet sent */
	char tail[8];
};

struct port_file {
	struct posix_handle h;
};

struct port_object {
	struct posix_handle h;
	char name[PORT_NAME_MAX + 1];
	uint8_t area;
	bool made;          /* by port_store_create(): has a temporary name until committed */
	bool broken;        /* an append or a sync failed */
};

extern struct port_file posix_file_table[BOARD_FILE_MAX];
extern struct port_object posix_object_table[BOARD_OBJECT_MAX];
extern struct port_tcp posix_tcp_table[BOARD_TCP_MAX];
extern struct port_listener posix_listener_table[BOARD_LISTENER_MAX];
extern struct port_udp posix_udp_table[BOARD_UDP_MAX];
extern struct port_console posix_console_table[BOARD_CONSOLE_MAX];

/* A slot of a kind with a descriptor, watched from now on; NULL when the table is full or epoll
 * refuses (the descriptor stays the caller's). The rest of the slot is as its last user left it. */
struct posix_handle *posix_handle_new(enum posix_kind kind, int fd, port_owner owner);

/* A slot that nobody watches yet (posix_handle_watch()); `fd` may be -1. NULL: table full. */
struct posix_handle *posix_handle_take(enum posix_kind kind, int fd, port_owner owner);

/* Watches the handle's descriptor, or changes the handle that its events name. E_OK or E_NOSLOT. */
int posix_handle_watch(struct posix_handle *h, int fd, bool again);

/* Gives the slot back; the descriptor is the caller's to close. */
void posix_handle_free(struct posix_handle *h);

/* Closes the descriptor and gives the slot back. */
void posix_handle_close(struct posix_handle *h);

/* Reports the handle at the next port_wait() without an event. */
void posix_handle_due(struct posix_handle *h);

/* Moves due handles' owners to `owners`; returns their number. */
int posix_due_take(port_owner *owners, int cap);

/* The used handle that the data of an epoll event names, else NULL. */
struct posix_handle *posix_handle_find(uint64_t key);

/* Tells that a descriptor or a slot became free: listeners that starve are tried again. */
void posix_freed(void);

extern int posix_epoll;               /* -1 before port_start() */
extern unsigned posix_signals;        /* PORT_SIGNAL_ bits not yet asked for */

/* (Re)creates the signal descriptor: signals are seen by the process that made it. E_OK or E_IO. */
int posix_signals_open(void);

/* Called once by port_secure(): port_after_start() is due before the next wait. */
void posix_secured(void);

/* Called right before the first port_wait() after port_secure(). A test build overrides it. */
void port_after_start(void);

/* ---- events of kinds that have no owner of their own: true when the owner shall be told ---- */

void posix_tcp_event(struct posix_handle *h, uint32_t events);
bool posix_linger_event(struct posix_handle *h, port_owner *owner);
bool posix_console_event(struct posix_handle *h, port_owner *owner);
bool posix_control_event(struct posix_handle *h, port_owner *owner);
bool posix_signal_event(struct posix_handle *h, port_owner *owner);
bool posix_parent_event(struct posix_handle *h, port_owner *owner);

/* ---- listeners and lingering connections (listen.c, linger.c) ---- */

/* A bound and listening descriptor, or an error of port_listen(). */
int posix_bind(const struct port_addr *at);

/* What every connection gets: no Nagle delay, keepalive. A listener's connections inherit it. */
void posix_tcp_options(int fd);

/* A connection's slot; NULL: none left (the descriptor stays the caller's). */
struct port_tcp *posix_tcp_new(int fd, port_owner owner, bool connecting);

/* Keeps a descriptor for failures to accept; called at start and after closes. */
void posix_reserve_fill(void);

/* Listeners wait for a descriptor: they are to be tried again after a while. */
bool posix_starving(void);
void posix_starving_retry(void);

/* Takes a connection whose peer may still send: drained until it ends or for two seconds. The
 * descriptor is closed in any case. */
void posix_linger(struct posix_handle *h);

/* Closes what has lingered long enough. Milliseconds until the next one, UINT32_MAX: none. */
uint32_t posix_linger_expire(void);

/* ---- addresses and small things (net.c, text.c) ---- */

/* The system's calls take the general type, whose alignment is weaker than the real one's. */
union posix_sockaddr {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
	struct sockaddr_storage space;
};

/* Both ways between our addresses and the system's. Returns the length, 0 for other families. */
socklen_t posix_addr_out(const struct port_addr *a, union posix_sockaddr *out);
void posix_addr_in(const union posix_sockaddr *s, struct port_addr *out);
bool posix_addr_is_v4(const struct port_addr *a);

/* Parses an address without port ("192.0.2.1", "2001:db8::1", "fe80::1%eth0"). */
bool posix_addr_parse(const char *text, struct port_addr *out);

/* An errno of a socket call as an error of port_read(). */
int posix_net_error(int error);

/* Is it the want of descriptors or memory? */
bool posix_is_want(int error);

/* Builds text in fixed space; what does not fit is cut. `len` never reaches `cap`, and the text is
 * always NUL-terminated. */
struct posix_text { char *at; size_t cap; size_t len; };
void posix_put(struct posix_text *t, const char *s);
void posix_put_len(struct posix_text *t, const char *s, size_t len);
void posix_put_number(struct posix_text *t, uint64_t n, int digits);
void posix_put_time(struct posix_text *t, int64_t unix_s);

/* Copies a string; false when it does not fit (then empty). */
bool posix_copy(char *out, size_t cap, const char *s);

/* Writes all of it to a blocking descriptor; false on error. */
bool posix_write_all(int fd, const void *buf, size_t len);

/* Writes "mailwicket: A B C\n" to the standard error; for words that must be seen. */
void posix_say(const char *a, const char *b, const char *c);

/* Logs up to three pieces of text as one line. */
void posix_logf(enum port_level level, const char *a, const char *b, const char *c);

/* ---- users (users.c) ---- */

/* Looks a name up in a file of /etc/passwd's form: uid is field 2, gid field 3 (groups: only
 * field 2). False when it is not there. */
bool posix_user_find(const char *name, uint32_t *uid, uint32_t *gid);
bool posix_group_find(const char *name, uint32_t *gid);

/* ---- files that may be opened (paths.c, file.c) ---- */

/* Remembers the set of port_secure(). False when it does not fit. */
bool posix_paths_set(const char *config_path, const char *const *files);

/* Reads the configuration again and takes the paths it names. */
void posix_paths_scan(void);

/* May the path be opened? True for every path until the set is known. */
bool posix_paths_allow(const char *path);
bool posix_paths_known(void);
const char *posix_config_path(void); /* "": none */

/* The group that may see files without counting as others. */
void posix_file_group(uint32_t gid);

/* Opens a file as this process: descriptor or an error of port_file_open(). */
int posix_file_open_here(const char *path);

/* Permission bits of port_file_exposed() as this process. */
int posix_file_exposed_here(const char *path);

/* Replacing the configuration in three steps, in this process. Results of port_file_replace(). */
int posix_replace_begin(void);
int posix_replace_data(const void *buf, size_t len);
int posix_replace_commit(void);
void posix_replace_drop(void);

/* ---- parent (parent.c) and what the child asks of it (rpc.c) ---- */

enum posix_op {
	POSIX_OP_LISTEN, POSIX_OP_OPEN, POSIX_OP_EXPOSED, POSIX_OP_REPLACE_BEGIN,
	POSIX_OP_REPLACE_DATA, POSIX_OP_REPLACE_COMMIT, POSIX_OP_READY, POSIX_OP_RESTART, POSIX_OPS
};

#define POSIX_CHUNK 1024
struct posix_request {
	uint32_t op;
	uint32_t serial;
	uint32_t len;            /* of `data` */
	struct port_addr addr;
	unsigned char data[POSIX_CHUNK];
};

struct posix_reply {
	uint32_t serial;
	int32_t result;
};

/* Has this process a parent that serves it? */
bool posix_has_parent(void);

/* Takes the child's end of the pair. */
int posix_rpc_start(int fd);

/* Asks the parent; bytes and address may be NULL. Its result, or E_IO when it does not answer. With
 * `fd` not NULL a descriptor that came along is put there (else -1). */
int posix_ask(enum posix_op op, const void *data, size_t len, const struct port_addr *addr,
	int *fd);

/* The parent's life: serves the child, forwards signals, ends with the child. */
_Noreturn void posix_parent_run(int sock, pid_t child);

/* Sends a message with at most one descriptor (-1: none); receives one. Bytes or -1. */
ssize_t posix_send_fd(int to, const void *buf, size_t len, int fd);
ssize_t posix_receive_fd(int from, void *buf, size_t cap, int *fd);

/* The program's name and words, for starting it again. */
void posix_restart_prepare(void);
_Noreturn void posix_restart_now(void);

/* Code that has run is taken out of memory until it is needed again (pages.c). */
void posix_pages_give_back(void);

/* What only a start or a reload needs is in memory: given back at the next wait that sleeps. */
void posix_settle(void);

/* Tells systemd that the service is up, where NOTIFY_SOCKET is set. */
void posix_notify(const char *state);

/* ---- control socket (control.c) ---- */

/* Makes the socket. E_OK, E_INUSE (a living gateway), E_ACCESS, E_IO. */
int posix_control_open(const char *path, bool root);

/* Closes this process's copy of it. */
void posix_control_close(void);

/* Starts to watch it. */
int posix_control_watch(void);

/* Removes its name. */
void posix_control_unlink(void);

/* The next connection, nonblocking, and whether its user has full rights; -1 when none. */
int posix_control_accept(bool *full_rights);

/* The owner that waits for consoles. */
port_owner posix_console_owner(void);

/* ---- storage (dirs.c, store.c, clock.c) ---- */

/* Makes or takes the directory of an area; with `give` it becomes uid's and gid's. E_OK, E_ACCESS
 * (it is somebody else's and holds things that are not ours, or cannot be written), E_IO. */
int posix_area_open(enum port_area area, const char *path, bool give, uint32_t uid, uint32_t gid);
int posix_area_fd(enum port_area area); /* -1: none */
bool posix_name_valid(const char *name);
void posix_scan_forget(enum port_area area);
void posix_scan_removed(enum port_area area, const char *name);
void posix_temps_remove(enum port_area area);

/* Calls `each` for every entry of a directory, until it says false. False on error. */
bool posix_dir_each(int fd, bool (*each)(void *context, const char *name), void *context);
#define POSIX_LOCK_NAME "~lock" /* no object's name: '~' is not in their alphabet */

void posix_clock_load(void);
void posix_clock_save(void);
void posix_clock_tick(void); /* saves when it is time */

/* ---- sandbox (sandbox.c, seccomp.c) ---- */

/* Limits, Landlock and seccomp for this process; paths of the setup that stay writable. */
void posix_sandbox(const struct port_setup *setup, bool unprivileged_child);

/* One line on what holds and what this system could not enforce. */
const char *port_posix_sandbox(void);

/* Can this process start another program, as far as the filter goes? */
bool posix_may_exec(void);

/* Installs the filter: NULL, or why not. */
const char *posix_seccomp(void);

/* Confines file access: NULL, or why not. */
const char *posix_landlock(const struct port_setup *setup, bool read_all);

#endif
