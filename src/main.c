/*
 * main.c - start and command line: run, check, test, console (CONFIG.md 1).
 */
#include <string.h>

#include "base/fmt.h"
#include "base/log.h"
#include "board.h"
#include "config/settings.h"
#include "gateway/check.h"
#include "gateway/gateway.h"
#include "port.h"

#ifndef MAILWICKET_VERSION
#define MAILWICKET_VERSION "0.0.0"
#endif

enum { GOOD = 0, FAULT = 1, USAGE = 2, FILES_MAX = BOARD_CONFIG_SECTIONS, WHY_MAX = 480 };

struct options {
	const char *config;   /* NULL: the board's default */
	int rest;             /* index of the first word behind the options */
};

static void print(bool error, const char *text)
{
	port_print(error, text, strlen(text));
}

static int usage(bool error)
{
	print(error,
		"mailwicket run [-c FILE]                 run in the foreground\n"
		"mailwicket check [-c FILE] [ACCOUNT]     diagnose every account, or one\n"
		"mailwicket test -c FILE                  say what is wrong with a configuration\n"
		"mailwicket console [-c FILE] [COMMAND]   console of the running gateway\n"
		"mailwicket --version | --help\n");
	return error ? USAGE : GOOD;
}

static int complain(const char *what)
{
	char text[WHY_MAX + 32];
	struct fmt f = fmt_on(text, sizeof text - 1);

	fmt_printf(&f, "mailwicket: %s\n", what);
	print(true, fmt_cstr(&f));
	return FAULT;
}

/* Options of a command: only -c FILE. E_OK or E_ARG. */
static int options_read(int argc, char *argv[], struct options *o)
{
	*o = (struct options){ NULL, 2 };
	if (argc > 2 && strcmp(argv[2], "-c") == 0) {
		if (argc < 4)
			return E_ARG;
		*o = (struct options){ argv[3], 4 };
	}
	return o->rest < argc && argv[o->rest][0] == '-' ? E_ARG : E_OK;
}

static const char *config_path(const struct options *o)
{
	return o->config != NULL ? o->config : BOARD_CONFIG_PATH;
}

static int load(const struct options *o)
{
	struct settings_error e;
	int result;

	gateway_begin();
	result = settings_load_file(config_path(o), &e);
	if (result != E_OK) {
		print(true, e.text);
		print(true, "\n");
	}
	return result;
}

/* ---- run ---- */

/* Files that may be read after the privileges are gone. */
static const char *const *files_list(const struct settings *s)
{
	static const char *files[FILES_MAX + 1];
	unsigned n = 0;
#define ADD(ref) do { \
		if ((ref) != 0 && n < FILES_MAX) \
			files[n++] = settings_text(s, (ref)); \
	} while (0)

	ADD(s->gateway[0].trust);
	ADD(s->gateway[0].console_password_file);
	for (unsigned i = 0; i < s->listener_count; i++) {
		ADD(s->listener[i].certificate);
		ADD(s->listener[i].key);
	}
	for (unsigned i = 0; i < s->account_count; i++) {
		ADD(s->account[i].trust);
		ADD(s->account[i].password_file);
		ADD(s->account[i].oauth_client_secret_file);
	}
	for (unsigned i = 0; i < s->user_count; i++)
		ADD(s->user[i].password_file);
#undef ADD
	files[n] = NULL;
	return files;
}

static int secure(const struct options *o, const char **why)
{
	const struct settings *s = settings_running();
	const struct cfg_gateway *g = &s->gateway[0];
	const char *spool = settings_text(s, g->spool);
	struct port_setup setup = {
		.config_path = config_path(o), .state_path = settings_text(s, g->state),
		.spool_path = spool[0] == '/' ? spool : NULL,
		.control_path = settings_text(s, g->control), .user = settings_text(s, g->user),
		.files = files_list(s),
	};

	return port_secure(&setup, why);
}

static PORT_IDLE void serve(void)
{
	while (gateway_pass(PORT_FOREVER) == E_OK)
		;
}

static int command_run(const struct options *o)
{
	const char *trouble = "";
	char why[WHY_MAX];
	int e;

	if (load(o) != E_OK)
		return FAULT;
	e = secure(o, &trouble);
	if (e != E_OK)
		return complain(trouble);
	if (gateway_open(why, sizeof why) != E_OK)
		return complain(why);
	port_ready("mailwicket " MAILWICKET_VERSION " ready");
	serve();
	log_line(PORT_LOG_INFO, "stopped");
	return GOOD;
}

/* ---- check ---- */

static void check_print(const struct check_finding *n)
{
	char text[640];
	struct fmt f = fmt_on(text, sizeof text - 1);

	check_finding_put(&f, n);
	print(false, fmt_cstr(&f));
}

/* Without a running gateway the check is done here. */
static int check_alone(const char *account)
{
	struct check_finding n;
	char why[WHY_MAX];
	int check, e = E_AGAIN;

	if (gateway_shared(why, sizeof why) != E_OK)
		return complain(why);
	log_level_set(PORT_LOG_ERROR); /* the findings say it all */
	check = check_start(account, PORT_OWNER_NONE);
	if (check < 0)
		return complain(check == E_NOENT ? "there is no such account" : error_text(check));
	while (e == E_AGAIN || e == E_MORE) {
		e = check_poll(check, &n);
		if (e == E_MORE)
			check_print(&n);
		else if (e == E_AGAIN)
			gateway_pass(PORT_FOREVER);
	}
	return e == E_OK ? GOOD : FAULT;
}

static const char *control_socket(void)
{
	const struct settings *s = settings_running();

	return settings_text(s, s->gateway[0].control);
}

static int command_check(const struct options *o, int argc, char *argv[])
{
	char word[] = "check";
	char *words[] = { word, o->rest < argc ? argv[o->rest] : NULL };
	int e;

	if (argc > o->rest + 1)
		return usage(true);
	if (load(o) != E_OK)
		return FAULT;
	e = port_console_client(control_socket(), words[1] != NULL ? 2 : 1, words);
	return e >= 0 ? e : check_alone(words[1] != NULL ? words[1] : "");
}

/* ---- test, console ---- */

static void warn(struct slice text)
{
	print(true, "warning: ");
	port_print(true, (const char *)text.p, text.len);
	print(true, "\n");
}

/* Certificates and trust bundles are opened when they are needed; whether they are there can be
 * said now. */
static void files_warn(const struct settings *s)
{
	char text[WHY_MAX];
	uint64_t size, stamp;
	struct port_file *f;

	for (const char *const *path = files_list(s); *path != NULL; path++) {
		struct fmt line = fmt_on(text, sizeof text);
		int e = port_file_open(*path, &f, &size, &stamp);

		if (e == E_OK) {
			port_file_close(f);
			continue;
		}
		fmt_printf(&line, "%s: %s", *path, e == E_NOENT ? "there is no such file" : error_text(e));
		warn(fmt_result(&line));
	}
}

static int command_test(const struct options *o, int argc)
{
	struct settings_error e;
	const struct settings *s;
	char text[WHY_MAX];
	struct fmt f = fmt_on(text, sizeof text - 1);

	if (o->config == NULL || argc > o->rest)
		return usage(true);
	gateway_begin();
	if (settings_check_file(o->config, &e, &s) != E_OK) {
		print(true, e.text);
		print(true, "\n");
		return FAULT;
	}
	for (unsigned i = 0; settings_warning(s, i, &f) == E_OK; i++) {
		warn(fmt_result(&f));
		f = fmt_on(text, sizeof text - 1);
	}
	files_warn(s);
	return GOOD;
}

static int command_console(const struct options *o, int argc, char *argv[])
{
	int e;

	if (load(o) != E_OK)
		return FAULT;
	e = port_console_client(control_socket(), argc - o->rest, argv + o->rest);
	if (e >= 0)
		return e;
	print(true, e == E_ACCESS ? "error: the control socket is not yours to open\n" :
		"error: no gateway is running with this configuration\n");
	return FAULT;
}

int main(int argc, char *argv[])
{
	struct options o;
	const char *command = argc > 1 ? argv[1] : "";

	if (strcmp(command, "--version") == 0) {
		print(false, MAILWICKET_VERSION "\n");
		return GOOD;
	}
	if (strcmp(command, "--help") == 0)
		return usage(false);
	if (argc < 2 || options_read(argc, argv, &o) != E_OK)
		return usage(true);
	if (port_start() != E_OK)
		return complain("the machine cannot be prepared");
	if (strcmp(command, "run") == 0 && o.rest == argc)
		return command_run(&o);
	if (strcmp(command, "check") == 0)
		return command_check(&o, argc, argv);
	if (strcmp(command, "test") == 0)
		return command_test(&o, argc);
	if (strcmp(command, "console") == 0)
		return command_console(&o, argc, argv);
	return usage(true);
}
