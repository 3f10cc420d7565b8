/*
 * store.c - the functions of port.h for storage, over disk.c: handles, delays, faults.
 */
#include "disk.h"

/* A create or open that said E_AGAIN. */
static struct {
	port_owner owner;
	uint64_t due_ms;
	bool told;
} opening;

void world_store_reset(void)
{
	world_disk_reset();
	opening.owner = PORT_OWNER_NONE;
}

void world_store_power_cut(enum sim_power how)
{
	world_disk_power_cut(how);
	opening.owner = PORT_OWNER_NONE;
}

void sim_store_delay(uint32_t ms) { world_disk_delay_ms = ms; }

int world_store_handles(void)
{
	int n = 0;

	for (int i = 0; i < SIM_OBJECTS; i++)
		n += world_disk_object[i].kind != OBJECT_FREE;
	return n;
}

/* ---- events ---- */

void world_store_collect(struct owners *o)
{
	if (opening.owner != PORT_OWNER_NONE && !opening.told && opening.due_ms <= world_now())
		opening.told = world_owners_add(o, opening.owner);
	for (int i = 0; i < SIM_OBJECTS; i++)
		if (world_disk_object[i].kind != OBJECT_FREE && world_disk_object[i].again &&
		    world_disk_object[i].due_ms <= world_now() &&
		    world_owners_add(o, world_disk_object[i].owner))
			world_disk_object[i].again = false;
}

uint64_t world_store_next_ms(void)
{
	uint64_t at = opening.owner != PORT_OWNER_NONE && opening.due_ms > world_now() ?
		opening.due_ms : NO_EVENT;

	for (int i = 0; i < SIM_OBJECTS; i++)
		if (world_disk_object[i].kind != OBJECT_FREE && world_disk_object[i].again &&
		    world_disk_object[i].due_ms > world_now() && world_disk_object[i].due_ms < at)
			at = world_disk_object[i].due_ms;
	return at;
}

/* An operation of an object that takes time: E_OK when it may happen now. */
static int takes_time(struct port_object *o, int bad)
{
	if (bad == E_AGAIN) {
		o->again = true;
		o->due_ms = world_now();
		return E_AGAIN;
	}
	if (bad != E_OK || world_disk_delay_ms == 0)
		return bad;
	if (!o->running) {
		o->running = true;
		o->due_ms = world_now() + world_disk_delay_ms;
	}
	o->again = world_now() < o->due_ms;
	o->running = o->again;
	return o->again ? E_AGAIN : E_OK;
}

/* ---- port.h ---- */

static struct port_object *new_object(enum object_kind kind, port_owner owner, const char *name)
{
	for (int i = 0; i < SIM_OBJECTS; i++)
		if (world_disk_object[i].kind == OBJECT_FREE) {
			world_disk_object[i] = (struct port_object){
				.kind = kind, .owner = owner, .thing = -1
			};
			memcpy(world_disk_object[i].name, name, strlen(name) + 1);
			return &world_disk_object[i];
		}
	return NULL;
}

/* Creating and opening take time before there is an object: one at a time waits. */
static int slow(enum sim_call call, port_owner owner)
{
	int bad = world_call(call);
	bool mine = opening.owner == owner;

	if (bad == E_OK && mine && opening.due_ms <= world_now()) {
		opening.owner = PORT_OWNER_NONE;
		return E_OK;
	}
	if (bad == E_OK && world_disk_delay_ms > 0 && opening.owner == PORT_OWNER_NONE) {
		opening.owner = owner;
		opening.due_ms = world_now() + world_disk_delay_ms;
		opening.told = false;
		mine = true;
	}
	if (bad == E_AGAIN) {
		opening.owner = owner;
		opening.due_ms = world_now();
		opening.told = false;
	}
	return bad == E_OK && mine ? E_AGAIN : bad;
}

int port_store_create(enum port_area area, const char *name, port_owner owner,
	struct port_object **out)
{
	int bad = slow(CALL_STORE_CREATE, owner), thing;

	if (bad != E_OK)
		return bad;
	if (!world_disk_good_name(name))
		return world_said(CALL_STORE_CREATE, E_ARG);
	if ((*out = new_object(OBJECT_NEW, owner, name)) == NULL)
		return world_said(CALL_STORE_CREATE, E_NOSLOT);
	if ((thing = world_disk_new_thing(area)) < 0) {
		(*out)->kind = OBJECT_FREE;
		return world_said(CALL_STORE_CREATE, E_FULL);
	}
	(*out)->thing = thing;
	world_moved();
	return world_said(CALL_STORE_CREATE, E_OK);
}

int port_store_append(struct port_object *o, const void *buf, size_t len)
{
	int bad = world_call(CALL_STORE_APPEND);
	struct thing *t = &world_disk_thing[o->thing];

	if (o->kind == OBJECT_READ)
		world_broken("append to an object that was opened for reading");
	if (o->bad)
		bad = E_IO;
	if (bad == E_OK && (len > world_disk_space_left(t->area) ||
	    !world_blob_append(&t->bytes, buf, len)))
		bad = E_FULL;
	o->bad = o->bad || bad != E_OK;
	world_moved();
	return world_said(CALL_STORE_APPEND, bad != E_OK ? bad : (int)len);
}

int port_store_sync(struct port_object *o)
{
	int bad = takes_time(o, world_call(CALL_STORE_SYNC));

	if (o->bad)
		bad = E_IO;
	if (bad == E_OK)
		world_disk_thing[o->thing].durable = world_disk_thing[o->thing].bytes.len;
	o->bad = o->bad || (bad != E_OK && bad != E_AGAIN);
	return world_said(CALL_STORE_SYNC, bad);
}

int port_store_commit(struct port_object *o)
{
	int bad = takes_time(o, world_call(CALL_STORE_COMMIT));
	struct thing *t = &world_disk_thing[o->thing];

	if (o->kind != OBJECT_NEW)
		world_broken("commit of an object that was not created");
	if (o->bad)
		bad = E_IO;
	o->committing = bad == E_AGAIN;
	if (bad == E_AGAIN)
		return world_said(CALL_STORE_COMMIT, E_AGAIN);
	if (bad == E_OK) {
		t->durable = t->bytes.len;
		world_disk_change(t->area, o->thing, o->name, "");
		world_disk_flush();
	}
	o->kind = OBJECT_FREE;
	world_disk_sweep();
	return world_said(CALL_STORE_COMMIT, bad);
}

static int open_existing(enum object_kind kind, enum port_area area, const char *name,
	port_owner owner, struct port_object **out, uint64_t *size)
{
	int bad = slow(CALL_STORE_OPEN, owner);
	int thing = world_disk_find(area, name);

	if (bad != E_OK)
		return bad;
	if (thing < 0)
		return world_said(CALL_STORE_OPEN, E_NOENT);
	if ((*out = new_object(kind, owner, name)) == NULL)
		return world_said(CALL_STORE_OPEN, E_NOSLOT);
	(*out)->thing = thing;
	*size = world_disk_thing[thing].bytes.len;
	world_moved();
	return world_said(CALL_STORE_OPEN, E_OK);
}

int port_store_open(enum port_area area, const char *name, port_owner owner,
	struct port_object **out, uint64_t *size)
{
	return open_existing(OBJECT_READ, area, name, owner, out, size);
}

int port_store_extend(enum port_area area, const char *name, port_owner owner,
	struct port_object **out, uint64_t *size)
{
	return open_existing(OBJECT_EXTEND, area, name, owner, out, size);
}

int port_store_read(struct port_object *o, uint64_t at, void *buf, size_t len)
{
	int bad = world_call(CALL_STORE_READ);

	if (bad == E_AGAIN) {
		o->again = true;
		o->due_ms = world_now();
	}
	if (bad != E_OK)
		return bad;
	return world_said(CALL_STORE_READ,
		(int)world_blob_read(&world_disk_thing[o->thing].bytes, at, buf, len));
}

void port_store_drop(struct port_object *o)
{
	if (o->kind == OBJECT_FREE)
		world_broken("an object was dropped twice");
	o->kind = OBJECT_FREE;
	world_disk_sweep();
}

int port_store_remove(enum port_area area, const char *name)
{
	int bad = world_call(CALL_STORE_REMOVE);

	if (bad != E_OK)
		return bad;
	if (world_disk_find(area, name) < 0)
		return world_said(CALL_STORE_REMOVE, E_NOENT);
	world_disk_change(area, -1, "", name);
	return world_said(CALL_STORE_REMOVE, E_OK);
}

int port_store_rename(enum port_area area, const char *from, const char *to)
{
	int bad = world_call(CALL_STORE_RENAME);
	int thing = world_disk_find(area, from);

	if (bad != E_OK)
		return bad;
	if (thing < 0)
		return world_said(CALL_STORE_RENAME, E_NOENT);
	if (!world_disk_good_name(to) || world_disk_find(area, to) >= 0)
		return world_said(CALL_STORE_RENAME, world_disk_good_name(to) ? E_EXIST : E_IO);
	world_disk_change(area, thing, to, from);
	return world_said(CALL_STORE_RENAME, E_OK);
}

int port_store_next(enum port_area area, char *name)
{
	int bad = world_call(CALL_STORE_NEXT);
	const char *next = world_disk_next(area, name);

	if (bad != E_OK)
		return bad;
	if (next == NULL)
		return world_said(CALL_STORE_NEXT, E_NOENT);
	memcpy(name, next, strlen(next) + 1);
	return world_said(CALL_STORE_NEXT, E_OK);
}

int port_store_free(enum port_area area, uint64_t *bytes)
{
	*bytes = world_disk_space_left(area);
	return world_call(CALL_STORE_FREE);
}

int port_store_lock(enum port_area area)
{
	(void)area;
	return world_call(CALL_STORE_LOCK);
}

/* ---- for tests ---- */

void sim_store_put(enum port_area area, const char *name, const void *bytes, size_t len)
{
	int thing = world_disk_new_thing(area);

	if (thing < 0 || !world_disk_good_name(name) ||
	    !world_blob_append(&world_disk_thing[thing].bytes, bytes, len))
		world_broken("an object cannot be put into the store");
	world_disk_thing[thing].durable = (uint32_t)len;
	world_disk_change(area, thing, name, "");
	world_disk_flush();
	world_disk_sweep();
}

int sim_store_get(enum port_area area, const char *name, void *buf, size_t cap)
{
	int thing = world_disk_find(area, name);

	return thing < 0 ? E_NOENT : (int)world_blob_read(&world_disk_thing[thing].bytes, 0, buf, cap);
}
