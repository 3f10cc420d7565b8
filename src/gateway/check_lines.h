/*
 * check_lines.h - one check under way, and the findings that its stages come to. For check*.c only.
 */
#ifndef GATEWAY_CHECK_LINES_H
#define GATEWAY_CHECK_LINES_H

#include "gateway/check.h"
#include "gateway/upstream.h"

/* Walks the servers of an account, or of all accounts, one after the other. */
struct check {
	bool used, over, bad, quitting, all;
	uint8_t found, taken, stage;
	uint8_t next_service;        /* of the account */
	uint16_t next_account;       /* of the running configuration, with `all` */
	char account[UP_ACCOUNT_MAX];
	port_owner asker;
	uint64_t step_ms, quit_ms;
	struct upstream *up;
	struct chan ch;
	struct check_finding finding[CHECK_STEP_COUNT];
};

/* Writes the lines of the stages that ended since the last look; with the last one c->over (it
 * failed) or c->quitting (all is well). */
void check_lines_report(struct check *c);

#endif
