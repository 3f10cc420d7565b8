/*
 * transcript.c - who said what in the run, for the report of a failure.
 */
#include "conv.h"

static char text[TRANSCRIPT];
static size_t used;

void transcript_reset(void) { used = 0; }

static void put(const char *bytes, size_t len)
{
	if (len > sizeof text - used)
		len = sizeof text - used;
	memcpy(text + used, bytes, len);
	used += len;
}

void transcript_say(const char *format, ...)
{
	char line[500];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (n > 0)
		put(line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
	put("\n", 1);
}

void transcript_add(const char *who, char mark, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;
	char line[700];
	size_t n = 0;

	for (size_t i = 0; i < len && n < 600; i++) {
		if (b[i] >= 32 && b[i] < 127)
			line[n++] = (char)b[i];
		else if (b[i] == '\r' || b[i] == '\n')
			n += (size_t)snprintf(line + n, 3, "%s", b[i] == '\r' ? "\\r" : "\\n");
		else
			n += (size_t)snprintf(line + n, 5, "\\x%02x", b[i]);
	}
	line[n] = '\0';
	transcript_say("%10llu %s %c %s%s", (unsigned long long)port_clock_ms() - 4294937296u, who, mark,
		line, n >= 600 ? " ..." : "");
}

void transcript_print(FILE *out)
{
	enum { SHOWN = 6000 };
	size_t from = used > SHOWN ? used - SHOWN : 0;

	fprintf(out, "    ---- transcript (ms, who, direction) ----\n");
	for (size_t i = from; i < used; ) {
		const char *end = memchr(text + i, '\n', used - i);
		size_t n = end == NULL ? used - i : (size_t)(end - (text + i));

		fprintf(out, "    %.*s\n", (int)n, text + i);
		i += n + 1;
	}
	for (int i = sim_log_count() > 12 ? sim_log_count() - 12 : 0; i < sim_log_count(); i++) {
		enum port_level level = PORT_LOG_INFO;
		const char *line = sim_log_line(i, &level);

		fprintf(out, "    log %d: %s\n", (int)level, line);
	}
}
