/*
 * paths.c - which files outside the store may be opened: those of the setup, and those that the
 * configuration names at the moment when its owner asks for a reload. With a parent this file works
 * there, out of the child's reach; a file that the console's `commit` names is therefore opened
 * only after the next SIGHUP or restart.
 */
#include "posix.h"

struct path_list {
	char text[4096]; /* NUL-terminated, one after the other */
	size_t len;
};

static struct path_list given, named;
static char config[POSIX_PATH_MAX];
static bool known;

static const char *const always[] = { "/etc/resolv.conf", "/etc/hosts" };

static bool list_add(struct path_list *list, const char *path)
{
	size_t len = strlen(path) + 1;

	if (len > POSIX_PATH_MAX || len > sizeof list->text - list->len)
		return false;
	memcpy(list->text + list->len, path, len);
	list->len += len;
	return true;
}

static bool list_has(const struct path_list *list, const char *path)
{
	for (size_t at = 0; at < list->len; at += strlen(list->text + at) + 1) {
		if (strcmp(list->text + at, path) == 0)
			return true;
	}
	return false;
}

bool posix_paths_set(const char *config_path, const char *const *files)
{
	bool fits = true;

	given.len = 0;
	named.len = 0;
	config[0] = '\0';
	if (config_path != NULL)
		fits = posix_copy(config, sizeof config, config_path) && list_add(&given, config_path);
	for (size_t i = 0; files != NULL && files[i] != NULL; i++)
		fits = list_add(&given, files[i]) && fits;
	known = true;
	return fits;
}

const char *posix_config_path(void)
{
	return config;
}

bool posix_paths_known(void)
{
	return known;
}

bool posix_paths_allow(const char *path)
{
	for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
		if (strcmp(always[i], path) == 0)
			return true;
	}
	return !known || list_has(&given, path) || list_has(&named, path);
}

static const char *word(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

/* Unquotes a UCI value: pieces in single or double quotes and bare ones, up to blank space. */
static bool unquote(const char *p, char *out, size_t cap)
{
	size_t len = 0;
	char quote = '\0';

	for (; *p != '\0' && (quote != '\0' || (*p != ' ' && *p != '\t' && *p != '#')); p++) {
		if (quote == '\0' && (*p == '\'' || *p == '"')) {
			quote = *p;
		} else if (*p == quote) {
			quote = '\0';
		} else {
			if (*p == '\\' && quote != '\'' && p[1] != '\0')
				p++;
			if (len + 1 >= cap)
				return false;
			out[len++] = *p;
		}
	}
	out[len] = '\0';
	return quote == '\0';
}

/* Takes the path of a line "option NAME '/path'" or "list NAME '/path'". */
static void take_line(const char *line)
{
	char value[POSIX_PATH_MAX];
	const char *p = word(line);
	size_t len = strcspn(p, " \t");

	if (!(len == 6 && memcmp(p, "option", 6) == 0) && !(len == 4 && memcmp(p, "list", 4) == 0))
		return;
	p = word(p + len);
	p = word(p + strcspn(p, " \t"));
	if (unquote(p, value, sizeof value) && value[0] == '/' && !list_has(&named, value) &&
			!list_add(&named, value))
		posix_logf(PORT_LOG_WARN, "too many files are named; it cannot open ", value, "");
}

void posix_paths_scan(void)
{
	char chunk[256], line[512] = "";
	size_t len = 0;
	ssize_t n;
	int fd = config[0] != '\0' ? posix_file_open_here(config) : E_NOENT;

	if (fd < 0)
		return;
	named.len = 0;
	while ((n = read(fd, chunk, sizeof chunk)) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (chunk[i] != '\n' && chunk[i] != '\r') {
				if (len < sizeof line) /* a longer line never fits a path: it is dropped */
					line[len++] = chunk[i];
				continue;
			}
			line[len < sizeof line ? len : 0] = '\0';
			len = 0;
			take_line(line);
		}
	}
	line[len < sizeof line ? len : 0] = '\0';
	take_line(line);
	close(fd);
}
