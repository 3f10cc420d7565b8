/*
 * config.c - the configuration of a script: the default one of its protocol, changed line by line.
 */
#include "conv.h"

/* The words in it are those that ledger.c looks for. */
#define MAILBOX(protocol, port) \
	"config gateway 'main'\n" \
	"\toption hostname 'gateway.test'\n" \
	"\toption account 'hop'\n" \
	"\toption trust '/test/ca.pem'\n" \
	"\n" \
	"config listener 'in'\n" \
	"\toption protocol '" protocol "'\n" \
	"\toption port '" port "'\n" \
	"\toption tls 'off'\n" \
	"\n" \
	"config account 'hop'\n" \
	"\toption address 'office@hop.test'\n" \
	"\toption password '" PROVIDER_PASSWORD "'\n" \
	"\toption " protocol "_host '10.0.0.9'\n" \
	"\toption " protocol "_port '" port "'\n" \
	"\toption " protocol "_tls 'off'\n" \
	"\n" \
	"config user 'box'\n" \
	"\toption password '" LOCAL_PASSWORD "'\n"

static const char *const standard[PROTOCOLS] = {
	[SMTP] = "config gateway 'main'\n"
	"\toption hostname 'gateway.test'\n"
	"\toption account 'hop'\n"
	"\toption trust '/test/ca.pem'\n"
	"\n"
	"config listener 'in'\n"
	"\toption protocol 'smtp'\n"
	"\toption port '25'\n"
	"\toption tls 'off'\n"
	"\toption auth 'none'\n"
	"\n"
	"config account 'hop'\n"
	"\toption address 'office@hop.test'\n"
	"\toption smtp_host '10.0.0.9'\n"
	"\toption smtp_port '25'\n"
	"\toption smtp_tls 'off'\n"
	"\toption auth 'none'\n"
	"\toption from 'keep'\n"
	"\toption delivery 'direct'\n",
	[IMAP] = MAILBOX("imap", "143"),
	[POP3] = MAILBOX("pop3", "110"),
};

void config_clear(void) { script.config_len = 0; }

static void insert(size_t at, const char *bytes, size_t len)
{
	if (len > sizeof script.config - script.config_len) {
		fprintf(stderr, "%s: too long a configuration\n", script.path);
		exit(2);
	}
	memmove(script.config + at + len, script.config + at, script.config_len - at);
	memcpy(script.config + at, bytes, len);
	script.config_len += len;
}

void config_line(const char *line)
{
	insert(script.config_len, line, strlen(line));
	insert(script.config_len, "\n", 1);
}

void config_default(enum protocol protocol)
{
	config_clear();
	insert(0, standard[protocol], strlen(standard[protocol]));
}

/* Offset of the line after the one at `at`. */
static size_t next_line(size_t at)
{
	const char *end = memchr(script.config + at, '\n', script.config_len - at);

	return end == NULL ? script.config_len : (size_t)(end - script.config) + 1;
}

static bool line_starts(size_t at, const char *text)
{
	size_t len = strlen(text);

	return script.config_len - at >= len && memcmp(script.config + at, text, len) == 0;
}

/* Offset behind the head of the section, or 0. */
static size_t find_section(const char *name)
{
	char tail[80];

	snprintf(tail, sizeof tail, " '%s'\n", strcmp(name, "gateway") == 0 ? "main" : name);
	for (size_t at = 0; at < script.config_len; at = next_line(at)) {
		size_t end = next_line(at), len = strlen(tail);

		if (line_starts(at, "config ") && end - at > len &&
		    memcmp(script.config + end - len, tail, len) == 0)
			return end;
	}
	return 0;
}

/* "SECTION.OPTION VALUE"; an empty value takes the option away. */
bool config_set(const char *assignment, bool list)
{
	char section[60], option[60], value[600] = "", line[800];
	size_t at, end;

	if (sscanf(assignment, "%59[^.].%59s %599[^\n]", section, option, value) < 2)
		return false;
	at = find_section(section);
	if (at == 0)
		return false;
	snprintf(line, sizeof line, "\toption %s '", option);
	for (end = at; !list && end < script.config_len && script.config[end] == '\t'; ) {
		size_t next = next_line(end);

		if (line_starts(end, line)) {
			memmove(script.config + end, script.config + next, script.config_len - next);
			script.config_len -= next - end;
			break;
		}
		end = next;
	}
	snprintf(line, sizeof line, "\t%s %s '%s'\n", list ? "list" : "option", option, value);
	if (value[0] != '\0')
		insert(at, line, strlen(line));
	return true;
}
