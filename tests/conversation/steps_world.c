/*
 * steps_world.c - the steps that belong to neither side: time, log, name server, the automatic next
 * hop and what it received.
 */
#include "conv.h"
#include "gateway/gateway.h"

static bool expected[SIM_LOG_LINES];
static enum port_level want_level;
static const char *want_text;

void steps_world_reset(void) { memset(expected, 0, sizeof expected); }
bool step_log_expected(int line) { return expected[line]; }

static bool line_logged(struct peer *p)
{
	enum port_level level;
	char pattern[500];

	(void)p;
	snprintf(pattern, sizeof pattern, "*%s", want_text);
	for (int i = 0; i < sim_log_count() && i < SIM_LOG_LINES; i++) {
		const char *line = sim_log_line(i, &level);

		if (!expected[i] && level == want_level && glob(pattern, line, strlen(line))) {
			expected[i] = true;
			return true;
		}
	}
	return false;
}

static void expect_log(const struct step *s)
{
	static const char *const level[] = { "error ", "warn ", "info ", "debug " };

	for (int i = 0; i < 4; i++)
		if (strncmp(s->text, level[i], strlen(level[i])) == 0) {
			want_level = (enum port_level)i;
			want_text = s->text + strlen(level[i]);
		}
	if (play.strict && !play_until(line_logged, NULL, 5000))
		play_fail("no log line: %s", s->text);
}

static void set_dns(const struct step *s)
{
	static const char *const fault[] = {
		"ok", "servfail", "silent", "truncate", "wrong-id", "wrong-name", "garbage", "refused",
		"twice"
	};
	char name[200], type[20], value[200];

	if (s->act == ACT_DNS && sscanf(s->text, "%199s %19s %199[^\n]", name, type, value) == 3) {
		sim_dns_add(name, type, value, 300);
		return;
	}
	if (s->act == ACT_DNS_FAULT && sscanf(s->text, "%199s %19s", name, type) == 2)
		for (int i = 0; i < (int)(sizeof fault / sizeof fault[0]); i++)
			if (strcmp(fault[i], type) == 0) {
				sim_dns_fault(name, (enum sim_dns_fault)i);
				return;
			}
	play_fail("not understood: dns %s", s->text);
}

static void set_route(const struct step *s)
{
	static const char *const how[] = { "refuse", "unreach", "timeout", "hole" };
	char ip[60], kind[20];
	struct port_addr to;

	if (sscanf(s->text, "%59s %19s", ip, kind) == 2)
		for (int i = 0; i < 4; i++)
			if (strcmp(how[i], kind) == 0) {
				to = sim_addr(ip, 0);
				sim_route_set(&to, (enum sim_route)i);
				return;
			}
	play_fail("not understood: route %s", s->text);
}

static void check_message(const struct step *s)
{
	size_t len;
	const char *message = hop_message(&len);
	char why[300];

	if (!body_matches(s->text, message, len, why, sizeof why))
		play_fail("message: %s", why);
}

static void look_at_hop(const struct step *s)
{
	if (!play.strict)
		return;
	play_quiet();
	if (s->act == ACT_COUNT && hop_messages() != atoi(s->text))
		play_fail("the next hop took %d messages, expected %s", hop_messages(), s->text);
	if (s->act == ACT_GOT && !hop_got(s->text))
		play_fail("the next hop did not get \"%s\"", s->text);
	if (s->act == ACT_NO_HOP && hop_connections() != 0)
		play_fail("a connection to the next hop came");
	if (s->act == ACT_HOP_BODY)
		check_message(s);
}

static void reload(const struct step *s)
{
	char why[300] = "";
	int result = gateway_load(s->text, s->len, why, sizeof why);

	if (result == E_OK)
		result = gateway_apply(why, sizeof why);
	if (result != E_OK && play.strict)
		play_fail("reload: %s: %s", error_text(result), why);
}

void step_world(const struct step *s)
{
	switch (s->act) {
	case ACT_WAIT: play_sleep(script_duration(s->text)); break;
	case ACT_LOG: expect_log(s); break;
	case ACT_QUIET: play_quiet(); break;
	case ACT_RULE: hop_rule(s->text); break;
	case ACT_CAPS: hop_caps(s->text); break;
	case ACT_DNS:
	case ACT_DNS_FAULT: set_dns(s); break;
	case ACT_ROUTE: set_route(s); break;
	case ACT_CLOCK: sim_wall_set(strtoll(s->text, NULL, 10), strstr(s->text, "unknown") == NULL); break;
	case ACT_LATENCY: sim_latency((uint32_t)script_duration(s->text)); break;
	case ACT_RELOAD: reload(s); break;
	case ACT_ENTROPY: sim_entropy(strcmp(s->text, "yes") == 0); break;
	case ACT_STOP: sim_signal(PORT_SIGNAL_STOP); break;
	case ACT_BUSY:
		play_quiet();
		if (play.strict && gateway_pools_busy() != (unsigned)atoi(s->text))
			play_fail("%u pool slots in use, not %s", gateway_pools_busy(), s->text);
		break;
	default: look_at_hop(s);
	}
}
