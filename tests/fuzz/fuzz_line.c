/*
 * fuzz_line.c - a command line at the server half's table in every phase, with the parsers of BDAT and of
 * paths and parameters behind it.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "error.h"
#include "proto/params.h"
#include "proto/address.h"
#include "proto/foreign.h"
#include "proto/smtp_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void arguments(const struct smtp_command *c)
{
	struct slice arg = c->arg, rest, which;
	enum path_error why;
	enum param_error bad;
	struct mail_params mail;
	struct rcpt_params rcpt;
	struct path path;
	uint64_t octets;
	bool last;

	if (c->verb == VERB_BDAT)
		(void)smtp_bdat_parse(arg, &octets, &last);
	if (path_keyword(&arg, c->verb == VERB_RCPT ? "TO" : "FROM", PATH_LENIENT) != E_OK)
		return;
	if (path_parse(arg, PATH_LENIENT | PATH_UTF8, &path, &rest, &why) != E_OK)
		return;
	if (path.mailbox.len > ADDRESS_MAX)
		abort();
	for (size_t i = 0; i < path.mailbox.len; i++)
		if (path.mailbox.p[i] < 0x20 || path.mailbox.p[i] == 0x7f)
			abort();
	(void)mail_params_parse(rest, PARAMS_MAIL, &mail, &bad, &which);
	(void)rcpt_params_parse(rest, PARAMS_RCPT, &rcpt, &bad, &which);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smtp_command c;

	if (size > 2048)
		return 0;
	(void)line_is_foreign(slice_of(data, size));
	for (int phase = SMTP_HELLO; phase <= SMTP_CHUNKS; phase++)
		if (smtp_command_parse(slice_of(data, size), (enum smtp_phase)phase, &c) == SAY_NOTHING)
			arguments(&c);
	return 0;
}
