/*
 * log.c - log lines, kept for the test.
 */
#include <stdio.h>

#include "world.h"

static struct {
	int count, kept;
	bool echo;
	enum port_level level[SIM_LOG_LINES];
	char line[SIM_LOG_LINES][SIM_LOG_LINE];
} logged;

void sim_log_reset(void)
{
	logged.count = logged.kept = 0;
}

void sim_log_clear(void) { sim_log_reset(); }
void sim_log_echo(bool on) { logged.echo = on; }
int sim_log_count(void) { return logged.count; }

int port_log_open(const char *where)
{
	if (strcmp(where, "stderr") == 0 || strcmp(where, "syslog") == 0)
		return E_OK;
	return strncmp(where, "udp://", 6) == 0 && strchr(where + 6, ':') != NULL ? E_OK : E_ARG;
}

void port_log(enum port_level level, const char *line, size_t len)
{
	static const char letter[] = "EWID";
	char *to;

	if (memchr(line, '\n', len) != NULL || memchr(line, '\r', len) != NULL)
		world_broken("a line end in a log line");
	world_moved();
	logged.count++;
	if (logged.echo)
		fprintf(stderr, "log %c %.*s\n", letter[level], (int)len, line);
	if (logged.kept == SIM_LOG_LINES)
		return;
	to = logged.line[logged.kept];
	logged.level[logged.kept++] = level;
	if (len >= SIM_LOG_LINE)
		len = SIM_LOG_LINE - 1;
	memcpy(to, line, len);
	to[len] = '\0';
}

const char *sim_log_line(int i, enum port_level *level)
{
	if (i < 0 || i >= logged.kept)
		return "";
	if (level != NULL)
		*level = logged.level[i];
	return logged.line[i];
}

int sim_log_find(int from, enum port_level level, const char *text)
{
	for (int i = from; i < logged.kept; i++)
		if (logged.level[i] == level && strstr(logged.line[i], text) != NULL)
			return i;
	return E_NOENT;
}
