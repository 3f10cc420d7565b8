/*
 * mailbox.c - generator and sink of the mailbox bench in one program; run.py compiles and starts it.
 *
 *   mailbox sink CERT KEY COUNTERS NAME:PORT …
 *   mailbox source PORT imap|pop3 plain|tls full|resumed login|bulk CONNECTIONS SECONDS LIMIT
 *   mailbox source PORT imap|pop3 plain|tls full|resumed idle CONNECTIONS [CONNECTIONS …]
 */
#include "wire.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

int main(int count, char **words)
{
	signal(SIGPIPE, SIG_IGN);
	if (count > 2 && strcmp(words[1], "sink") == 0)
		return sink_main(count - 2, words + 2);
	if (count > 2 && strcmp(words[1], "source") == 0)
		return source_main(count - 2, words + 2);
	fputs("usage: mailbox sink|source ...\n", stderr);
	return 2;
}
