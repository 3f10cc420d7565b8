/*
 * script.c - reads a dialogue file into steps. The language is described in main.c.
 */
#include "conv.h"

struct script script;

static char text[TEXT];
static size_t text_used;
static FILE *file;
static int line_number;
static bool wrong;

static void complain(const char *what, const char *line)
{
	fprintf(stderr, "%s:%d: %s: %s\n", script.path, line_number, what, line);
	wrong = true;
}

static void put(char c)
{
	if (text_used == sizeof text) {
		fprintf(stderr, "%s: too long\n", script.path);
		exit(2);
	}
	text[text_used++] = c;
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
		c >= 'A' && c <= 'F' ? c - 'A' + 10 : 0;
}

/* One plain escape behind a backslash into the text; the end of its source. */
static const char *plain_escape(const char *p)
{
	static const char from[] = "rnt0", to[] = "\r\n\t\0";
	const char *at = strchr(from, *p);

	if (*p == 'S') {
		put(SWEEP_MARK);
		return p + 1;
	}
	if (*p == 'x') {
		put((char)(hex(p[1]) * 16 + hex(p[2])));
		return p + 3;
	}
	put(at != NULL && *at != '\0' ? to[at - from] : *p);
	return p + 1;
}

/* An escape, also \{N:text} with plain escapes in it. */
static const char *escape(const char *p)
{
	const char *end = strchr(p, '}'), *at = strchr(p, ':');
	long count = strtol(p + 1, NULL, 10);

	if (*p != '{' || end == NULL || at == NULL || at > end)
		return plain_escape(p);
	while (count-- > 0)
		for (const char *c = at + 1; c < end; )
			if (*c == '\\')
				c = plain_escape(c + 1);
			else
				put(*c++);
	return end + 1;
}

static struct step *add(char who, int number, enum act act, const char *source, bool line_end)
{
	struct step *s = &script.step[script.steps++];

	if (script.steps == STEPS) {
		fprintf(stderr, "%s: too many steps\n", script.path);
		exit(2);
	}
	*s = (struct step){ line_number, who, number, act, text + text_used, 0 };
	while (*source != '\0')
		if (*source == '\\' && source[1] != '\0')
			source = escape(source + 1);
		else
			put(*source++);
	if (line_end) {
		put('\r');
		put('\n');
	}
	s->len = (size_t)(text + text_used - s->text);
	put('\0');
	script.tls = script.tls || act == ACT_TLS;
	if (act == ACT_SEND && (int)s->len > script.longest)
		script.longest = (int)s->len;
	return s;
}

/* Lines up to a single dot into the text of the last step. */
static void read_block(struct step *s, bool crlf)
{
	static char line[8192];

	text_used = (size_t)(s->text - text);
	while (fgets(line, sizeof line, file) != NULL) {
		line_number++;
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, ".") == 0)
			break;
		for (const char *p = line; *p != '\0'; )
			if (*p == '\\' && p[1] != '\0')
				p = escape(p + 1);
			else
				put(*p++);
		if (crlf)
			put('\r');
		put('\n');
	}
	s->len = (size_t)(text + text_used - s->text);
	put('\0');
}

uint64_t script_duration(const char *t)
{
	char *unit;
	uint64_t n = strtoull(t, &unit, 10);

	return strncmp(unit, "ms", 2) == 0 ? n : *unit == 's' ? n * 1000 : *unit == 'm' ? n * 60000 :
		*unit == 'h' ? n * 3600000 : 0;
}

struct word {
	const char *text;
	enum act act;
	char who;                /* 'C', 'S', 'N', 'R'; 0: the world */
	bool block;
};

/* Words behind C, S, N, R that are not text of the dialogue; and those of the world. */
static const struct word words[] = {
	{ "connect", ACT_CONNECT, 'C', false }, { "tls", ACT_TLS, 'C', false },
	{ "cut", ACT_CUT, 'C', false }, { "eof", ACT_EOF, 'C', false }, { "fin", ACT_FIN, 'C', false },
	{ "hole", ACT_HOLE, 'C', false }, { "hello", ACT_HELLO, 'C', false },
	{ "mail", ACT_MAIL, 'C', true }, { "pace", ACT_PACE, 'C', false },
	{ "window", ACT_WINDOW, 'C', false }, { "bdat", ACT_BDAT, 'C', false },
	{ "login", ACT_LOGIN, 'C', false }, { "login", ACT_LOGIN, 'N', false },
	{ "cram", ACT_CRAM, 'C', false },
	{ "signed", ACT_SIGNED, 'S', false }, { "until", ACT_UNTIL, 'S', false },
	{ "end", ACT_END, 'S', false }, { "end", ACT_END, 'N', false },
	{ "none", ACT_NONE, 'S', false }, { "close", ACT_CLOSED, 'S', false },
	{ "connect", ACT_CONNECT, 'N', false }, { "tls", ACT_TLS, 'N', false },
	{ "none", ACT_NONE, 'N', false }, { "close", ACT_CLOSED, 'N', false },
	{ "body", ACT_BODY, 'N', true }, { "chunk", ACT_CHUNK, 'N', true },
	{ "hello", ACT_HELLO, 'N', false },
	{ "cut", ACT_CUT, 'R', false }, { "eof", ACT_EOF, 'R', false }, { "fin", ACT_FIN, 'R', false },
	{ "hole", ACT_HOLE, 'R', false }, { "pace", ACT_PACE, 'R', false },
	{ "window", ACT_WINDOW, 'R', false },
	{ "wait", ACT_WAIT, 0, false }, { "log", ACT_LOG, 0, false }, { "quiet", ACT_QUIET, 0, false },
	{ "hop reply", ACT_RULE, 0, false }, { "hop caps", ACT_CAPS, 0, false },
	{ "hop count", ACT_COUNT, 0, false }, { "hop got", ACT_GOT, 0, false },
	{ "hop body", ACT_HOP_BODY, 0, true }, { "hop none", ACT_NO_HOP, 0, false },
	{ "dns fault", ACT_DNS_FAULT, 0, false }, { "dns", ACT_DNS, 0, false },
	{ "route", ACT_ROUTE, 0, false }, { "clock", ACT_CLOCK, 0, false },
	{ "reload", ACT_RELOAD, 0, true }, { "stop", ACT_STOP, 0, false },
	{ "busy", ACT_BUSY, 0, false }, { "entropy", ACT_ENTROPY, 0, false }, { "latency", ACT_LATENCY, 0, false }
};

static const struct word *find_word(char who, const char *line)
{
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t n = strlen(words[i].text);

		if (words[i].who == who && strncmp(words[i].text, line, n) == 0 &&
		    (line[n] == ' ' || line[n] == '\0'))
			return &words[i];
	}
	return NULL;
}

static void add_word(const struct word *w, char who, int number, const char *rest)
{
	struct step *s;

	rest += strlen(w->text);
	rest += strspn(rest, " ");
	s = add(who, number, w->act, rest, false);
	if (w->block)
		read_block(s, w->act == ACT_MAIL);
}

/* C, S, N, R with an optional digit and a mark. */
static void read_dialogue(const char *line)
{
	char side = *line++, who = side == 'C' || side == 'S' ? 'C' : 'N', mark = ' ';
	int number = *line >= '2' && *line <= '9' ? *line++ - '1' : 0;
	bool sends = side == 'C' || side == 'R';
	const struct word *w;

	if (*line != ' ' && *line != '\0')
		mark = *line++;
	line += *line == ' ';
	script.scripted_hop = script.scripted_hop || who == 'N';
	w = mark == ' ' ? find_word(side, line) : NULL;
	if (w != NULL)
		add_word(w, who, number, line);
	else if (sends && (mark == ' ' || mark == '-'))
		add(who, number, ACT_SEND, line, mark == ' ');
	else if (sends && mark == '=')
		add(who, number, ACT_RAW, line, false);
	else if (!sends && (mark == ' ' || mark == '-'))
		add(who, number, mark == ' ' ? ACT_EXPECT : ACT_MORE, line, false);
	else if (!sends && mark == '=')
		add(who, number, ACT_BYTES, line, false);
	else if (!sends && (mark == '*' || mark == '!'))
		add(who, number, mark == '*' ? ACT_HAS : ACT_HAS_NOT, line, false);
	else
		complain("not understood", line);
}

static void read_config(void)
{
	static char line[4096];

	config_clear();
	while (fgets(line, sizeof line, file) != NULL) {
		line_number++;
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, ".") == 0)
			return;
		config_line(line);
	}
}

/* Has to stand before everything that changes the configuration. */
static void set_protocol(const char *name)
{
	static const char *const names[PROTOCOLS] = { "smtp", "imap", "pop3" };

	for (int i = 0; i < PROTOCOLS; i++)
		if (strcmp(names[i], name) == 0) {
			script.protocol = (enum protocol)i;
			config_default(script.protocol);
			return;
		}
	complain("no such protocol", name);
}

static void read_line(const char *line)
{
	const struct word *w = find_word(0, line);

	if (line[0] == '#' || line[0] == '\0')
		return;
	if (strcmp(line, "config") == 0)
		read_config();
	else if (strncmp(line, "add ", 4) == 0)
		config_line(line + 4);
	else if (strncmp(line, "set ", 4) == 0 || strncmp(line, "list ", 5) == 0) {
		script.tls = script.tls || strncmp(line, "set in.tls ", 11) == 0; /* keys are made */
		if (!config_set(line + (*line == 's' ? 4 : 5), *line == 'l'))
			complain("no such section", line);
	} else if (strncmp(line, "protocol ", 9) == 0)
		set_protocol(line + 9);
	else if (strcmp(line, "any log") == 0)
		script.any_log = true;
	else if (strcmp(line, "whole only") == 0)
		script.whole_only = true;
	else if (strcmp(line, "once") == 0)
		script.once = true;
	else if (strcmp(line, "sweep endings") == 0)
		script.sweep = true;
	else if (w != NULL)
		add_word(w, 0, 0, line);
	else if (strchr("CSNR", line[0]) != NULL)
		read_dialogue(line);
	else
		complain("not understood", line);
}

bool script_read(const char *path)
{
	static char line[65536];

	memset(&script, 0, sizeof script);
	script.path = path;
	text_used = 0;
	line_number = 0;
	wrong = false;
	config_default(SMTP);
	file = fopen(path, "r");
	if (file == NULL) {
		fprintf(stderr, "%s: cannot be read\n", path);
		return false;
	}
	while (fgets(line, sizeof line, file) != NULL) {
		line_number++;
		line[strcspn(line, "\n")] = '\0';
		read_line(line);
	}
	fclose(file);
	return !wrong;
}
