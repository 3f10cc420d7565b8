/*
 * log.c - builds log lines, keeps the last ones for the console, and bounds how many go out a
 * second.
 */
#include "base/log.h"

#include <string.h>

#include "base/fmt.h"

enum { BUDGET_LINES = 200, BUDGET_MS = 1000, KEPT_LINE = 160 };

static struct {
	char kept[LOG_KEPT][KEPT_LINE];
	uint8_t kept_len[LOG_KEPT];
	uint32_t last;
	int above_info; /* the level, counted from info, so that the start state is all zeroes */
	uint64_t window_ms;
	unsigned in_window, suppressed;
	struct waiter_list readers;
} state;

static void keep(const char *line, size_t len)
{
	unsigned at = state.last++ % LOG_KEPT;

	if (len > KEPT_LINE)
		len = KEPT_LINE;
	memcpy(state.kept[at], line, len);
	state.kept_len[at] = (uint8_t)len;
	waiter_wake_all(&state.readers);
}

static void put(enum port_level level, const char *line, size_t len)
{
	keep(line, len);
	port_log(level, line, len);
}

/* Whether the budget of this second allows one more line; errors always pass. */
static bool within_budget(enum port_level level)
{
	uint64_t now = port_clock_ms();
	char text[48];
	struct fmt f = fmt_on(text, sizeof text);

	if (now - state.window_ms >= BUDGET_MS) {
		if (state.suppressed > 0) {
			fmt_printf(&f, "log: %u lines left out", state.suppressed);
			put(PORT_LOG_WARN, f.p, f.len);
		}
		state.window_ms = now;
		state.in_window = state.suppressed = 0;
	}
	if (level == PORT_LOG_ERROR || state.in_window < BUDGET_LINES) {
		state.in_window++;
		return true;
	}
	state.suppressed++;
	return false;
}

void log_line(enum port_level level, const char *format, ...)
{
	char text[LOG_LINE_MAX];
	struct fmt f = fmt_on(text, sizeof text);
	va_list ap;

	if (!log_enabled(level) || !within_budget(level))
		return;
	va_start(ap, format);
	fmt_vprintf(&f, format, ap);
	va_end(ap);
	put(level, f.p, f.len);
}

void log_level_set(enum port_level level)
{
	state.above_info = (int)level - (int)PORT_LOG_INFO;
}

bool log_enabled(enum port_level level)
{
	return (int)level - (int)PORT_LOG_INFO <= state.above_info;
}

int log_kept(uint32_t seq, const char **line, uint32_t *len)
{
	if (seq == 0 || seq > state.last || state.last - seq >= LOG_KEPT)
		return E_NOENT;
	*line = state.kept[(seq - 1) % LOG_KEPT];
	*len = state.kept_len[(seq - 1) % LOG_KEPT];
	return E_OK;
}

uint32_t log_last(void)
{
	return state.last;
}

void log_wait(struct waiter *w, port_owner owner)
{
	waiter_join(&state.readers, w, owner);
}

void log_reset(void)
{
	memset(&state, 0, sizeof state);
}
