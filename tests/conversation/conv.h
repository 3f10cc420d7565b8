/*
 * conv.h - the parts of the conversation runner: a script is played by peers against the real core on
 * the simulated machine. main.c describes the script language.
 */
#ifndef CONV_H
#define CONV_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum {
	STEPS = 2000,            /* of a script */
	TEXT = 1 << 20,          /* bytes of all its texts */
	CONFIG = 1 << 16,        /* bytes of a configuration */
	PEERS = 10,              /* clients C, C2 ... C9; and as many connections of the next hop */
	PEER_IN = 1 << 18,       /* bytes that a peer got and nobody looked at yet */
	PEER_OUT = 1 << 18,
	REPLY = 1 << 14,         /* bytes of a whole reply */
	SENT_KINDS = 512,        /* commands that await their reply */
	TRANSCRIPT = 1 << 18
};

/* ---- script.c ---- */

enum act {
	ACT_CONNECT, ACT_SEND, ACT_RAW, ACT_MAIL, ACT_EXPECT, ACT_MORE, ACT_HAS, ACT_HAS_NOT, ACT_NONE,
	ACT_CLOSED, ACT_TLS, ACT_CUT, ACT_EOF, ACT_FIN, ACT_HOLE, ACT_PACE, ACT_WINDOW, ACT_HELLO,
	ACT_BODY, ACT_CHUNK, ACT_WAIT, ACT_LOG, ACT_QUIET, ACT_RULE, ACT_CAPS, ACT_COUNT, ACT_GOT,
	ACT_HOP_BODY, ACT_NO_HOP, ACT_BDAT, ACT_DNS, ACT_DNS_FAULT, ACT_ROUTE, ACT_CLOCK, ACT_RELOAD, ACT_LATENCY,
	ACT_UNTIL, ACT_BYTES, ACT_LOGIN, ACT_SIGNED, ACT_STOP, ACT_BUSY, ACT_CRAM, ACT_END, ACT_ENTROPY
};

/* What the listener 'in' and the next hop speak. */
enum protocol { SMTP, IMAP, POP3, PROTOCOLS };

struct step {
	int line;
	char who;                /* 'C' client, 'N' next hop, or 0 for the world */
	int number;              /* which client or next hop connection: 0 .. PEERS - 1 */
	enum act act;
	const char *text;        /* escapes resolved; NUL-terminated; may contain NUL */
	size_t len;
};

struct script {
	const char *path;
	enum protocol protocol;
	struct step step[STEPS];
	int steps;
	bool scripted_hop;       /* has N or R lines: the next hop does nothing by itself */
	bool any_log;            /* warnings and errors need no log line */
	bool whole_only;         /* play it whole and byte by byte only */
	bool tls;                /* some step starts TLS */
	bool once;               /* play it whole only: in pieces it would say something else */
	bool sweep;              /* play it once for each ending that \S stands for */
	char config[CONFIG];
	size_t config_len;
	int longest;             /* bytes of the longest line that is sent */
};
extern struct script script;

/* What \S becomes in a step's text; the sequences of CR, LF and dot up to length 5. */
#define SWEEP_MARK '\x1a'
enum { SWEEPS = 3 + 9 + 27 + 81 + 243 };

/* Reads a file; false and a message on standard error when it is wrong. */
bool script_read(const char *path);
/* Milliseconds of "250ms", "20s", "5m", "2h". */
uint64_t script_duration(const char *text);

/* ---- config.c ---- */

/* The default configuration of the protocol; then lines of `config`, `set` and `list`. false: no such
 * section. */
void config_default(enum protocol protocol);
void config_clear(void);
void config_line(const char *line);
bool config_set(const char *assignment, bool list);

/* Passwords of account 'hop' and of user 'box' in the defaults of IMAP and POP3; and the one that
 * scripts use where a client brings its own. */
#define PROVIDER_PASSWORD "pr0vider-w0rd"
#define LOCAL_PASSWORD "l0cal-w0rd"
#define CLIENT_PASSWORD "c1ient-w0rd"

/* ---- fixture.c ---- */

/* Puts every file of the directory of fixtures (default tests/fixtures) into the simulated machine
 * as /test/NAME. Reads them once. */
extern const char *fixture_dir;
void fixtures_load(void);
/* The contents of a fixture, or NULL. */
const char *fixture_find(const char *name, size_t *len);

/* ---- peer_tls.c ---- */

/* TLS for peer `slot` (0 .. 2 * PEERS - 1). As server with the certificate NAME.pem and NAME.key; as
 * client that believes every certificate, with at most the version "1.0", "1.1", "1.2" or "". */
bool peer_tls_serve(int slot, const char *name);
void peer_tls_connect(int slot, const char *version);
/* Moves bytes between a connection and its engine; > 0 something moved. */
int peer_tls_pump(int slot, int end, bool *ended);
int peer_tls_read(int slot, uint8_t *buf, size_t len);
int peer_tls_write(int slot, const uint8_t *buf, size_t len);
void peer_tls_close(int slot);
/* 1: the handshake is done, 0: it goes on, -1: it failed or the session is over. */
int peer_tls_state(int slot);

/* ---- peer.c ---- */

enum sent { SENT_GREETING, SENT_COMMAND, SENT_DATA, SENT_DOT, SENT_CHUNK, SENT_LAST };

struct peer {
	bool open, ended, tls, lost;
	int end, slot, ledger;           /* ledger: of ledger.c, or -1 */
	char name[4];
	uint8_t in[PEER_IN], out[PEER_OUT];
	size_t in_len, out_len;
	/* What this side of the dialogue knows (peer_ledger_*). */
	enum sent sent[SENT_KINDS];
	int sent_len;
	bool content, last_waits;        /* inside DATA; hop: the end of a message awaits its verdict */
	char line[32];                   /* start of the line that is being sent */
	size_t line_len, chunk_left;
	bool after_bare;                 /* the line before did not end in CRLF */
	char before;                     /* the byte before */
	bool chunk_last;
	char reply[REPLY];               /* the last whole reply, lines with CRLF */
	size_t reply_len;
};
extern struct peer client[PEERS], hop[PEERS];
/* Messages that clients were told to be delivered, and that the next hop took. */
extern int told_ok, taken_ok;

void peers_reset(void);
void peer_open(struct peer *p, int end);
/* Moves what can be moved for all peers; true when something did. */
bool peers_pump(void);
void peer_send(struct peer *p, const void *bytes, size_t len);
void peer_forget(struct peer *p);
/* A whole line at the front of what came in: its length with line end, or 0. */
size_t peer_line(const struct peer *p);
void peer_drop(struct peer *p, size_t len);
/* Takes a whole reply out of a client's input into p->reply; false when it is not whole. */
bool peer_take_reply(struct peer *p);
void ledger_client_sent(struct peer *p, const uint8_t *bytes, size_t len);
void ledger_hop_got(struct peer *p, const char *line, size_t len);
void ledger_hop_said(struct peer *p, const uint8_t *bytes, size_t len);

/* ---- hop.c ---- */

/* The next hop that answers by itself, unless the script has N and R lines. */
void hop_reset(void);
void hop_listen(void);
/* Accepts what waits; in automatic mode answers all of it. True when something moved. */
bool hop_run(void);
void hop_rule(const char *text);
void hop_caps(const char *text);
int hop_messages(void);
/* Was a line with this pattern received since the last that matched? */
bool hop_got(const char *pattern);
const char *hop_message(size_t *len);
int hop_connections(void);
/* The script's reply to a line, or NULL; and saying it. */
const char *hop_rule_for(const char *line, size_t len);
void hop_say_rule(struct peer *p, const char *reply);
/* Its capabilities as the script set them, or NULL. */
const char *hop_caps_set(void);
/* The number of the connection that came after the ones already used, or -1. */
int hop_claim(void);

/* ---- mailbox.c ---- */

/* The automatic provider of IMAP and POP3: its first words, and its answer to a line. */
void mailbox_greet(struct peer *p);
void mailbox_answer(struct peer *p, const char *line, size_t len);
/* `C hello`, `C login`, `C cram`, `S signed`; `N hello`, `N login`. */
void mailbox_client_step(const struct step *s, struct peer *p);
void mailbox_hop_step(const struct step *s, struct peer *p);

/* ---- ledger.c ---- */

/* What connections of IMAP and POP3 said and got, from which follows in every mode: nobody is told
 * to be signed in without the provider's OK, no password and none of the provider's words before
 * that come through, and what passes afterwards is what the other side said, once and in order. */
void ledgers_reset(void);
/* A new connection: its number. */
int ledger_open(bool of_client);
void ledger_in(int number, const char *who, const uint8_t *bytes, size_t len);
void ledger_out(int number, const char *who, const uint8_t *bytes, size_t len);
/* Compares both sides, and looks for passwords in the log. */
void ledgers_check(void);

/* ---- play.c ---- */

enum mode {
	MODE_WHOLE, MODE_BYTES, MODE_RANDOM, MODE_SPLIT, MODE_CUT, MODE_FAULT, MODE_SWEEP, MODE_COUNT
};
extern const char *const mode_name[];

/* Errors tried of each failing call; one kind more lets all later calls fail as well. */
enum { FAULT_KINDS = 3 };

struct play {
	enum mode mode;
	uint32_t n;              /* seed, place of the split, number of the call */
	int how;                 /* kind of cut or number of the error */
	bool strict;             /* the script's expectations count */
	bool failed;
	const struct step *step; /* where it stands */
	char why[1000];
	uint32_t ops, io_ops;    /* counted by the end */
	uint64_t trace;
	int most;                /* MODE_SWEEP: ends of messages that were really sent */
};
extern struct play play;

/* Plays the script once; false with play.why. */
bool play_run(enum mode mode, uint32_t n, int how);
void play_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Runs the core until `done` says true, at most `ms` of its time; false after that. */
bool play_until(bool (*done)(struct peer *p), struct peer *p, uint32_t ms);
/* Runs it until nothing moves without the clock. */
void play_quiet(void);
void play_sleep(uint64_t ms);
/* ---- steps*.c ---- */

void step_client(const struct step *s);
void step_hop(const struct step *s);
void step_world(const struct step *s);
void steps_hop_reset(void);
void steps_world_reset(void);
/* Has the script met this connection of the next hop? */
bool step_hop_known(const struct step *s);
/* Did a `log` step name this line? */
bool step_log_expected(int line);
uint32_t step_patience(void);
/* An expectation that was not met: a failure where it counts, else the peer has lost its thread. */
void step_loose(struct peer *p, const char *what);
void step_send_line(struct peer *p, const char *text, size_t len);
/* MODE_SWEEP: a text with \S replaced by the run's ending; the new length. */
size_t step_expand(const char *text, size_t len, char *out, size_t cap);
/* Ends of message in a text: CRLF, dot, CRLF. */
int step_dots(const char *text, size_t len);
void step_end_peer(const struct step *s, struct peer *p);
void step_start_tls(const struct step *s, struct peer *p);
void step_shape(const struct step *s, struct peer *p);
void step_silence(const struct step *s, struct peer *p);
void step_ended(const struct step *s, struct peer *p);
void step_bytes(const struct step *s, struct peer *p);
/* The next reply of the gateway, the next line of the gateway to a next hop; false: none came. */
bool step_client_hears(struct peer *p);
bool step_hop_hears(struct peer *p, char *line, size_t cap, size_t *len);

/* ---- match.c ---- */

/* All lines of a block against the message lines: see main.c. */
bool body_matches(const char *pattern, const char *body, size_t len, char *why, size_t cap);
/* `*` stands for any bytes; the pattern need only match the beginning, unless it ends in `$`. */
bool glob(const char *pattern, const char *text, size_t len);

/* ---- transcript.c ---- */

void transcript_reset(void);
void transcript_add(const char *who, char mark, const void *bytes, size_t len);
void transcript_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void transcript_print(FILE *out);

#endif
