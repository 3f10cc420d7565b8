/*
 * test_imap_client_attacks.c - what a server, or who sits in front of it, may try on IMAP's client
 * half: in the greeting, before TLS, around TLS, out of order (IM-21, IM-22, A-08, A-20 .. A-29).
 */
#include "proto/imap_client.h"
#include "talk_script.h"

static struct imap_client c;

static void play(void **state)
{
	const struct script *s = *state;

	imap_client_start(&c, s->security, !s->no_sign_in, s->mechs != 0 ? s->mechs : SCRIPT_ANY);
	script_play(&c.talk, s);
}

#define HELLO "@ greeting\n-\nS * OK ready\n"
#define CAPS(list) HELLO "@ capability\nC a1 CAPABILITY\n-\nS * CAPABILITY IMAP4rev1 " list "\nS a1 OK done\n"
#define MX CAPS("STARTTLS LOGINDISABLED") "@ starttls\n"
#define TLS MX "C a2 STARTTLS\nS a2 OK begin\n@ securing\n-\nT\n@ capability-tls\nC a3 CAPABILITY\n"
#define PLAIN_IR " AUTHENTICATE PLAIN AG1lQGV4YW1wbGUuY29tAHNlY3JldA==\n"
#define TO_PLAIN CAPS("SASL-IR AUTH=PLAIN") "@ authenticate\nC a2" PLAIN_IR

static const struct script scripts[] = {
	/* ---- the greeting: IM-21 ---- */
	{ "IM-21, A-24: PREAUTH", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		"S * PREAUTH welcome\n! TALK_PREAUTH\n" },
	{ "IM-21, A-24: PREAUTH inside TLS", TALK_BY_TLS, false, 0, NULL, NULL,
		"S * preauth [CAPABILITY IMAP4rev1] welcome\n! TALK_PREAUTH\n" },
	{ "IM-21, A-24: PREAUTH where nobody signs in", TALK_CLEAR, true, 0, NULL, NULL,
		"S * PREAUTH\n! TALK_PREAUTH\n" },
	{ "A-24: PREAUTH later is nothing", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS * PREAUTH x\n@ capability\n" },
	{ "IM-21: BYE", TALK_CLEAR, false, 0, NULL, NULL, "S * BYE stopping\n! TALK_CLOSING\n\" stopping\n" },
	{ "IM-21: BYE [UNAVAILABLE]", TALK_CLEAR, false, 0, NULL, NULL,
		"S * BYE [UNAVAILABLE] x\n! TALK_CLOSING\n= UNAVAILABLE\n" },
	{ "IM-21: BYE [LIMIT]", TALK_CLEAR, false, 0, NULL, NULL, "S * BYE [LIMIT] x\n! TALK_BUSY\n" },
	{ "IM-21: BYE, too many in words", TALK_CLEAR, false, 0, NULL, NULL,
		"S * BYE Too many connections\n! TALK_BUSY\n" },
	{ "IM-26: BYE [REFERRAL]", TALK_CLEAR, false, 0, NULL, NULL,
		"S * BYE [REFERRAL imap://evil/] x\n! TALK_GREETING\n= REFERRAL\n\" x\n" },
	{ "IM-21: NO", TALK_CLEAR, false, 0, NULL, NULL, "S * NO x\n! TALK_GREETING\n" },
	{ "IM-21: data", TALK_CLEAR, false, 0, NULL, NULL, "S * 5 EXISTS\n! TALK_GREETING\n" },
	{ "A-29: a tagged OK as greeting", TALK_CLEAR, false, 0, NULL, NULL, "S a1 OK\n! TALK_GREETING\n" },
	{ "IM-21: +", TALK_CLEAR, false, 0, NULL, NULL, "S + OK\n! TALK_GREETING\n" },
	{ "greeting of POP3", TALK_CLEAR, false, 0, NULL, NULL, "S +OK ready\n! TALK_GREETING\n" },
	{ "greeting of SMTP", TALK_CLEAR, false, 0, NULL, NULL, "S 220 mx ready\n! TALK_GREETING\n" },
	{ "greeting empty", TALK_CLEAR, false, 0, NULL, NULL, "S \n! TALK_GREETING\n" },
	{ "greeting: * alone", TALK_CLEAR, false, 0, NULL, NULL, "S *\n! TALK_GREETING\n" },
	{ "greeting indented", TALK_CLEAR, false, 0, NULL, NULL, "S  * OK x\n! TALK_GREETING\n" },
	{ "greeting without blank", TALK_CLEAR, false, 0, NULL, NULL, "S *OK x\n! TALK_GREETING\n" },
	{ "greeting with a literal", TALK_CLEAR, false, 0, NULL, NULL, "S * OK {5}\n! TALK_GREETING\n" },
	{ "greeting without text", TALK_CLEAR, false, 0, NULL, NULL, "S * OK\n@ capability\n" },
	/* ---- STARTTLS: A-20 .. A-29 ---- */
	{ "A-22: STARTTLS not offered", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		CAPS("AUTH=PLAIN") "! TALK_NO_STARTTLS\n" },
	{ "A-23: IMAP4 only", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS * CAPABILITY IMAP4\nS a1 OK\n! TALK_NO_STARTTLS\n" },
	{ "A-23: no list", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS a1 OK\n! TALK_NO_STARTTLS\n" },
	{ "A-22: STARTTLS NO", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		MX "C a2 STARTTLS\nS a2 NO x\n! TALK_TLS_REFUSED\n" },
	{ "A-22: STARTTLS BAD [INUSE]", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		MX "C a2 STARTTLS\nS a2 BAD [INUSE] x\n! TALK_TLS_REFUSED\n" },
	{ "A-22: STARTTLS BYE", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		MX "C a2 STARTTLS\nS * BYE [LIMIT] x\n! TALK_TLS_REFUSED\n" },
	{ "A-22: STARTTLS +", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		MX "C a2 STARTTLS\nS + go\n! TALK_TLS_REFUSED\n" },
	{ "A-22: STARTTLS PREAUTH", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		MX "C a2 STARTTLS\nS a2 PREAUTH\n! TALK_TLS_REFUSED\n" },
	{ "A-22: STARTTLS answered by noise", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		MX "C a2 STARTTLS\nS \n! TALK_TLS_REFUSED\n" },
	{ "A-22: an untagged OK starts nothing", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		MX "C a2 STARTTLS\nS * OK begin TLS\n@ starttls\nS a2 NO\n! TALK_TLS_REFUSED\n" },
	{ "A-29: OK for the tag before", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		MX "C a2 STARTTLS\nS a1 OK\n! TALK_DESYNC\n" },
	{ "A-29: OK for a tag to come", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		MX "C a2 STARTTLS\nS a3 OK\n! TALK_DESYNC\n" },
	{ "A-29: OK for STARTTLS before it was said", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		MX "S a2 OK\n! TALK_DESYNC\n" },
	{ "A-29: OK for STARTTLS inside CAPABILITY", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS a2 OK\n! TALK_DESYNC\n" },
	{ "A-29: OK for a command long over", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		TLS "S a2 OK\n! TALK_DESYNC\n" },
	{ "A-29: tags are their letters", TALK_BY_TLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS A1 OK\n! TALK_DESYNC\n" },
	{ "A-29: a longer tag is another", TALK_BY_TLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS a11 OK\n! TALK_DESYNC\n" },
	{ "A-29: the tagged reply twice", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("AUTH=PLAIN") "S a1 OK\n! TALK_DESYNC\n" },
	{ "A-29: the tagged reply twice before STARTTLS", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		MX "S a1 OK\n! TALK_DESYNC\n" },
	{ "A-29: the tagged reply twice before LOGIN", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("IDLE") "S a1 OK\n! TALK_DESYNC\n" },
	{ "A-29: a refusal twice, the second too early", TALK_BY_TLS, false, 0, NULL, NULL,
		CAPS("IDLE") "S a1 NO\n! TALK_DESYNC\n" },
	{ "A-21: data behind the OK of STARTTLS", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		MX "C a2 STARTTLS\nS a2 OK\nS * CAPABILITY IMAP4rev1 AUTH=PLAIN\n! TALK_DESYNC\n" },
	{ "A-21: BYE behind the OK of STARTTLS", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		MX "C a2 STARTTLS\nS a2 OK\nS * BYE x\n! TALK_DESYNC\n" },
	{ "A-21: noise behind the OK of STARTTLS", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		MX "C a2 STARTTLS\nS a2 OK\nS \n! TALK_DESYNC\n" },
	{ "A-26: the list of the OK of STARTTLS is not heeded", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		MX "C a2 STARTTLS\nS a2 OK [CAPABILITY IMAP4rev1 AUTH=PLAIN]\nT\nC a3 CAPABILITY\n"
		"S a3 OK\n! TALK_CAPABILITIES\n" },
	{ "A-26: what was offered in clear is forgotten", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		CAPS("STARTTLS AUTH=PLAIN SASL-IR") "C a2 STARTTLS\nS a2 OK\nT\nC a3 CAPABILITY\n"
		"S * CAPABILITY IMAP4rev1\nS a3 OK\nC a4 LOGIN \"me@example.com\" \"secret\"\n" },
	{ "A-26: CAPABILITY refused inside TLS", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		TLS "S a3 NO\n! TALK_CAPABILITIES\n" },
	{ "no second STARTTLS", TALK_BY_STARTTLS, true, 0, NULL, NULL,
		TLS "S * CAPABILITY IMAP4rev1 STARTTLS\nS a3 OK\n@ idle\n" },
	{ "IM-22, A-25: data before the sign-in is nothing", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		HELLO "S * LIST () \"/\" INBOX\nC a1 CAPABILITY\nS * 5 EXISTS\nS * FLAGS (\\Seen)\n"
		"S * 1 FETCH (FLAGS ())\nS * SEARCH 1\nS * NO [ALERT] pay here\nS * OK [REFERRAL imap://evil/]\n"
		"S * CAPABILITY IMAP4rev1 STARTTLS\nS a1 OK\n@ starttls\n\"\n" },
	{ "A-08: data with a literal", TALK_BY_STARTTLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS * LIST () \"/\" {5}\n! TALK_MALFORMED\n" },
	{ "A-08: data with a literal of literal+", TALK_BY_TLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS * 1 FETCH (BODY[] ~{99999999999999999999+}\n! TALK_MALFORMED\n" },
	{ "A-08: a tagged reply with a literal", TALK_BY_TLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS a1 NO [BADCHARSET ({0}\n! TALK_MALFORMED\n" },
	{ "A-08: braces that are no literal", TALK_BY_TLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS * OK {5} x\nS * OK {}\nS * OK {x5}\nS * OK 5}\nS * OK {+}\n"
		"S * OK }\n@ capability\n" },
	/* ---- between and behind ---- */
	{ "lines that are none", TALK_BY_TLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS a1\n! TALK_MALFORMED\n" },
	{ "a line without its word", TALK_BY_TLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS *\n! TALK_MALFORMED\n" },
	{ "a line indented", TALK_BY_TLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS  OK x\n! TALK_MALFORMED\n" },
	{ "an empty line", TALK_BY_TLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS \n! TALK_MALFORMED\n" },
	{ "a tagged BYE", TALK_BY_TLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS a1 BYE x\n! TALK_MALFORMED\n" },
	{ "+ to CAPABILITY", TALK_BY_TLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS + \n! TALK_DESYNC\n" },
	{ "BYE to CAPABILITY", TALK_BY_TLS, false, 0, NULL, NULL,
		HELLO "C a1 CAPABILITY\nS * BYE [CONTACTADMIN] x\n! TALK_CLOSING\n= CONTACTADMIN\n" },
	{ "BYE between commands", TALK_BY_TLS, false, 0, NULL, NULL, HELLO "S * BYE x\n! TALK_CLOSING\n" },
	{ "BYE when signed in", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PLAIN "S a2 OK\nS * BYE x\n! TALK_CLOSING\n" },
	{ "data when signed in is the session's", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PLAIN "S a2 OK\nS * 5 EXISTS\n! TALK_DESYNC\n" },
	{ "A-29: a tagged OK when signed in", TALK_BY_TLS, false, 0, NULL, NULL,
		TO_PLAIN "S a2 OK\nS a3 OK\n! TALK_DESYNC\n" },
};
enum { SCRIPTS = sizeof scripts / sizeof scripts[0] };

int main(void)
{
	static struct CMUnitTest tests[SCRIPTS];

	return script_run(scripts, SCRIPTS, play, tests, 0);
}
