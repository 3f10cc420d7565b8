/*
 * check.h - the diagnosis of accounts: what `check` of the console and of the command line run.
 *
 * A check walks an account's servers step by step, mail's and those of mailboxes that a listener
 * leads to, and says of each what was found, and of the
 * first that fails what to do next (interop.md 3). One check at a time may run per slot; the steps
 * come out one by one as they are known.
 */
#ifndef GATEWAY_CHECK_H
#define GATEWAY_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fmt.h"
#include "port.h"

#define CHECKS_MAX 4 /* checks at once */

/* Steps of a check in their order. X(name, text). */
#define CHECK_STEPS(X) \
	X(CHECK_SETTINGS,     "settings") \
	X(CHECK_DNS,          "dns") \
	X(CHECK_TCP,          "tcp") \
	X(CHECK_GREETING,     "greeting") \
	X(CHECK_TLS,          "tls") \
	X(CHECK_CAPABILITIES, "capabilities") \
	X(CHECK_LOGIN,        "login")

/* A step that was looked at, in this order. */
#define CHECK_STEP_ENUM(name, text) name,
enum check_step { CHECK_STEPS(CHECK_STEP_ENUM) CHECK_STEP_COUNT };
#undef CHECK_STEP_ENUM

/* The texts of the steps. */
extern const char *const check_step_name[];

/* What one step found. Texts are NUL-terminated, printable and without secrets. */
struct check_finding {
	char account[33];         /* section name */
	const char *service;      /* "smtp", "imap" or "pop3"; static */
	uint8_t step;             /* enum check_step */
	bool good;
	uint32_t ms;              /* how long the step took */
	char text[256];           /* what was found: addresses, TLS suite, chain, days left … */
	char advice[256];         /* what to do next; "" when good */
};

/* Writes a finding as a line for people: "office: tls: ok: ..."; services beside SMTP are named:
 * "office: imap tls: ok: ...". Needs 640 bytes. */
void check_finding_put(struct fmt *out, const struct check_finding *n);

/* Starts to check an account by its section's name, or with "" each account of the running
 * configuration in order. `owner` is marked due whenever check_poll() has something new. The number
 * of the check, >= 0; E_NOENT (no such account, or none at all), E_NOSLOT (too many checks at
 * once). */
int check_start(const char *account, port_owner owner);

/* The next finding into *out. E_MORE: *out is filled, call again; E_AGAIN: not yet; E_OK: all was
 * good and the check is over; E_PROTO: at least one step failed and the check is over. After the
 * last two the number is free again. */
int check_poll(int number, struct check_finding *out);

/* Ends a check that nobody wants any more; its connection is closed and the number is free. */
void check_stop(int number);

/* Runs check number i: its owner of kind OWNER_SERVICE was reported. */
void check_run(unsigned i);

/* The nearest deadline of all checks in milliseconds of port_clock_ms(), or UINT64_MAX; and what
 * has to be done when it has come. */
uint64_t check_deadline_ms(void);
void check_tick(uint64_t now_ms);

/* No check runs. */
void check_reset(void);

#endif
