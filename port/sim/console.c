/*
 * console.c - consoles with a scripted person.
 */
#include "world.h"

struct port_console {
	bool used, accepted, eof, gone, again, owner_new, blocked;
	int status;
	port_owner owner;
	struct port_console_info info;
	enum port_console_ask ask;
	uint32_t in_head, in_len, out_len;
	uint8_t in[SIM_CONSOLE_IN];
	uint8_t out[SIM_CONSOLE_OUT];
};
static struct port_console consoles[SIM_CONSOLES];
static port_owner accept_owner;

void sim_consoles_reset(void)
{
	for (int i = 0; i < SIM_CONSOLES; i++)
		consoles[i].used = false;
	accept_owner = PORT_OWNER_NONE;
}

void world_console_power_cut(void)
{
	for (int i = 0; i < SIM_CONSOLES; i++)
		if (consoles[i].used)
			consoles[i].gone = true;
	accept_owner = PORT_OWNER_NONE;
}

int world_console_handles(void)
{
	int n = 0;

	for (int i = 0; i < SIM_CONSOLES; i++)
		n += consoles[i].used && consoles[i].accepted && !consoles[i].gone;
	return n;
}

static struct port_console *console(int number)
{
	if (number >= 0 && number < SIM_CONSOLES && consoles[number].used)
		return &consoles[number];
	world_broken("no such console");
}

int sim_console_open(bool interactive, bool full_rights)
{
	for (int i = 0; i < SIM_CONSOLES; i++) {
		struct port_console *c = &consoles[i];

		if (c->used)
			continue;
		c->used = c->again = true;
		c->accepted = c->eof = c->gone = c->blocked = false;
		c->in_head = c->in_len = c->out_len = 0;
		c->status = E_AGAIN;
		c->ask = PORT_ASK_COMMAND;
		c->info = (struct port_console_info){ interactive, interactive, interactive, full_rights,
			80, 0 };
		return i;
	}
	return E_NOSLOT;
}

void sim_console_terminal(int number, bool escapes, uint16_t columns, uint16_t rows)
{
	struct port_console *c = console(number);

	c->info.escapes = escapes;
	c->info.columns = columns;
	c->info.rows = rows;
}

int sim_console_type(int number, const char *text)
{
	struct port_console *c = console(number);
	size_t len = strlen(text);

	if (len > SIM_CONSOLE_IN - c->in_len)
		return E_FULL;
	for (size_t i = 0; i < len; i++)
		c->in[(c->in_head + c->in_len++) % SIM_CONSOLE_IN] = (uint8_t)text[i];
	return E_OK;
}

void sim_console_block(int number, bool blocked)
{
	struct port_console *c = console(number);

	c->blocked = blocked;
	if (!blocked)
		c->again = c->owner_new = true;
}

void sim_console_eof(int number) { console(number)->eof = true; }

int sim_console_output(int number, char *buf, size_t cap)
{
	struct port_console *c = console(number);
	uint32_t n = c->out_len < cap ? c->out_len : (uint32_t)cap;

	memcpy(buf, c->out, n);
	memmove(c->out, c->out + n, c->out_len - n);
	c->out_len -= n;
	return (int)n;
}

int sim_console_status(int number)
{
	struct port_console *c = console(number);

	if (!c->gone)
		return E_AGAIN;
	c->used = false;
	return c->status;
}

enum port_console_ask sim_console_asked(int number) { return console(number)->ask; }

void world_console_collect(struct owners *o)
{
	for (int i = 0; i < SIM_CONSOLES; i++) {
		struct port_console *c = &consoles[i];
		bool due = !c->accepted || c->in_len > 0 || c->eof || c->owner_new;

		if (!c->used || c->gone || !c->again || !due)
			continue;
		if (world_owners_add(o, c->accepted ? c->owner : accept_owner))
			c->again = c->owner_new = false;
	}
}

/* ---- port.h ---- */

void port_console_owner(port_owner owner) { accept_owner = owner; }

int port_console_accept(port_owner owner, struct port_console **out, struct port_console_info *info)
{
	int bad = world_call(CALL_CONSOLE_ACCEPT);

	for (int i = 0; i < SIM_CONSOLES; i++) {
		struct port_console *c = &consoles[i];

		if (!c->used || c->gone || c->accepted)
			continue;
		c->again = true;
		if (bad != E_OK)
			return bad;
		c->accepted = c->owner_new = true;
		c->owner = owner;
		*out = c;
		*info = c->info;
		return world_said(CALL_CONSOLE_ACCEPT, E_OK);
	}
	return world_said(CALL_CONSOLE_ACCEPT, E_AGAIN);
}

int port_console_read(struct port_console *c, void *buf, size_t len)
{
	int bad = world_call(CALL_CONSOLE_READ);
	uint8_t *to = buf;
	size_t n = 0;

	if (bad == E_OK && c->in_len == 0)
		bad = c->eof ? E_EOF : E_AGAIN;
	c->again = c->again || bad == E_AGAIN;
	if (bad != E_OK)
		return world_said(CALL_CONSOLE_READ, bad);
	for (; n < len && c->in_len > 0; c->in_len--) {
		to[n++] = c->in[c->in_head];
		c->in_head = (c->in_head + 1) % SIM_CONSOLE_IN;
	}
	world_moved();
	return world_said(CALL_CONSOLE_READ, (int)n);
}

int port_console_write(struct port_console *c, const void *buf, size_t len)
{
	int bad = world_call(CALL_CONSOLE_WRITE);

	if (bad == E_AGAIN)
		c->again = c->owner_new = true;
	if (bad != E_OK)
		return bad;
	if (c->blocked)
		return E_AGAIN;
	if (len > SIM_CONSOLE_OUT - c->out_len)
		world_broken("a console printed more than SIM_CONSOLE_OUT");
	memcpy(c->out + c->out_len, buf, len);
	c->out_len += (uint32_t)len;
	world_moved();
	return world_said(CALL_CONSOLE_WRITE, (int)len);
}

int port_console_ask(struct port_console *c, enum port_console_ask what)
{
	c->ask = what;
	return E_OK;
}

void port_console_close(struct port_console *c, int status)
{
	if (c->gone)
		world_broken("a console was closed twice");
	c->gone = true;
	c->status = status;
	world_moved();
}

/* There is no second program to be a client of. */
int port_console_client(const char *control_path, int argc, char *const argv[])
{
	(void)control_path;
	(void)argc;
	(void)argv;
	return E_NOENT;
}
