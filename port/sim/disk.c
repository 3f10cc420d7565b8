/*
 * disk.c - the store as a disk sees it. A stored thing has bytes; the first `durable` of them would
 * survive a power cut; the directory is kept twice, as it is and as it stands on the disk, with the
 * changes between the two in order. sync() and commit() move the marks; a power cut decides part by
 * part, what becomes of the rest.
 */
#include "disk.h"

enum { CHANGES = 64 };

struct thing world_disk_thing[SIM_STORED];
struct port_object world_disk_object[SIM_OBJECTS];
uint32_t world_disk_delay_ms;
static uint64_t space[2];

struct entry {
	int thing;                       /* -1: free */
	enum port_area area;
	char name[DISK_NAME_CAP];
};
static struct entry now_dir[SIM_STORED], disk_dir[SIM_STORED];

/* A change of the directory: `thing` appears under `name`, or (-1) the name goes. */
static struct change {
	enum port_area area;
	int thing;
	char name[DISK_NAME_CAP], old[DISK_NAME_CAP];   /* old: what a rename takes away */
} changes[CHANGES];
static int change_count;

static void clear_dir(struct entry *dir)
{
	for (int i = 0; i < SIM_STORED; i++)
		dir[i].thing = -1;
}

void world_disk_reset(void)
{
	memset(world_disk_thing, 0, sizeof world_disk_thing);
	memset(world_disk_object, 0, sizeof world_disk_object);
	clear_dir(now_dir);
	clear_dir(disk_dir);
	change_count = 0;
	space[0] = space[1] = 1 << 20;
	world_disk_delay_ms = 0;
}

void sim_store_space(enum port_area area, uint64_t bytes) { space[area] = bytes; }

/* ---- directory ---- */

static struct entry *entry_of(struct entry *dir, enum port_area area, const char *name)
{
	for (int i = 0; i < SIM_STORED; i++)
		if (dir[i].thing >= 0 && dir[i].area == area && strcmp(dir[i].name, name) == 0)
			return &dir[i];
	return NULL;
}

static void set_entry(struct entry *dir, enum port_area area, const char *name, int thing)
{
	struct entry *e = entry_of(dir, area, name);

	for (int i = 0; i < SIM_STORED && e == NULL; i++)
		if (dir[i].thing < 0)
			e = &dir[i];
	if (e != NULL) {
		e->thing = thing;
		e->area = area;
		memcpy(e->name, name, strlen(name) + 1);
		return;
	}
	world_broken("more names than SIM_STORED");
}

static void apply(struct entry *dir, const struct change *c)
{
	if (c->old[0] != '\0' && entry_of(dir, c->area, c->old) == NULL)
		return;
	if (c->old[0] != '\0')
		entry_of(dir, c->area, c->old)->thing = -1;
	if (c->thing >= 0)
		set_entry(dir, c->area, c->name, c->thing);
}

void world_disk_flush(void)
{
	for (int i = 0; i < change_count; i++)
		apply(disk_dir, &changes[i]);
	change_count = 0;
}

void world_disk_change(enum port_area area, int thing, const char *name, const char *old)
{
	struct change *c;

	if (change_count == CHANGES)
		world_disk_flush();
	c = &changes[change_count++];
	c->area = area;
	c->thing = thing;
	memcpy(c->name, name, strlen(name) + 1);
	memcpy(c->old, old, strlen(old) + 1);
	apply(now_dir, c);
	world_moved();
}

static bool wanted(int thing)
{
	for (int i = 0; i < SIM_STORED; i++)
		if (now_dir[i].thing == thing || disk_dir[i].thing == thing)
			return true;
	for (int i = 0; i < change_count; i++)
		if (changes[i].thing == thing)
			return true;
	for (int i = 0; i < SIM_OBJECTS; i++)
		if (world_disk_object[i].kind != OBJECT_FREE && world_disk_object[i].thing == thing)
			return true;
	return false;
}

void world_disk_sweep(void)
{
	for (int i = 0; i < SIM_STORED; i++)
		if (world_disk_thing[i].used && !wanted(i)) {
			world_blob_free(&world_disk_thing[i].bytes);
			world_disk_thing[i].used = false;
		}
}

int world_disk_new_thing(enum port_area area)
{
	world_disk_sweep();
	for (int i = 0; i < SIM_STORED; i++)
		if (!world_disk_thing[i].used) {
			world_disk_thing[i] = (struct thing){ .used = true, .area = area };
			world_blob_init(&world_disk_thing[i].bytes);
			return i;
		}
	return -1;
}

uint64_t world_disk_space_left(enum port_area area)
{
	uint64_t used = 0;

	world_disk_sweep();
	for (int i = 0; i < SIM_STORED; i++)
		if (world_disk_thing[i].used && world_disk_thing[i].area == area)
			used += world_disk_thing[i].bytes.len;
	return used < space[area] ? space[area] - used : 0;
}

/* ---- power cut ---- */

static void cut_thing(struct thing *t, enum sim_power how)
{
	uint32_t len = t->bytes.len, keep = t->durable;

	if (how == SIM_POWER_KEEP)
		keep = len;
	else if (how != SIM_POWER_LOSE && len > keep)
		keep += sim_random(len - keep + 1);
	world_blob_cut(&t->bytes, keep);
	for (uint32_t i = 0; how == SIM_POWER_TORN && i < SIM_BLOCK && keep - i > t->durable; i++)
		world_blob_poke(&t->bytes, keep - 1 - i, (uint8_t)sim_random(256));
	t->durable = keep;
}

static bool by_chance(enum sim_power how)
{
	return how == SIM_POWER_KEEP || (how != SIM_POWER_LOSE && sim_random(2) == 0);
}

void world_disk_power_cut(enum sim_power how)
{
	for (int i = 0; i < SIM_OBJECTS; i++) {
		struct port_object *o = &world_disk_object[i];

		if (o->kind != OBJECT_FREE && o->committing && by_chance(how)) {
			world_disk_thing[o->thing].durable = world_disk_thing[o->thing].bytes.len;
			world_disk_change(world_disk_thing[o->thing].area, o->thing, o->name, "");
		}
		o->kind = OBJECT_FREE;
	}
	for (int i = 0; i < change_count; i++)
		if (by_chance(how))
			apply(disk_dir, &changes[i]);
	change_count = 0;
	memcpy(now_dir, disk_dir, sizeof now_dir);
	world_disk_sweep();
	for (int i = 0; i < SIM_STORED; i++)
		if (world_disk_thing[i].used)
			cut_thing(&world_disk_thing[i], how);
}

/* ---- names ---- */

bool world_disk_good_name(const char *name)
{
	static const char legal[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	return name[0] != '\0' && strlen(name) <= PORT_NAME_MAX && strspn(name, legal) == strlen(name);
}

int world_disk_find(enum port_area area, const char *name)
{
	const struct entry *e = entry_of(now_dir, area, name);

	return e == NULL ? -1 : e->thing;
}

const char *world_disk_next(enum port_area area, const char *name)
{
	const char *best = NULL;

	for (int i = 0; i < SIM_STORED; i++) {
		const struct entry *e = &now_dir[i];

		if (e->thing >= 0 && e->area == area && strcmp(e->name, name) > 0 &&
		    (best == NULL || strcmp(e->name, best) < 0))
			best = e->name;
	}
	return best;
}

int sim_store_count(enum port_area area)
{
	int n = 0;

	for (int i = 0; i < SIM_STORED; i++)
		n += now_dir[i].thing >= 0 && now_dir[i].area == area;
	return n;
}
