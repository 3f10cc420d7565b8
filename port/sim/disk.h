/*
 * disk.h - what the store of the simulated machine keeps: disk.c the things and the directory,
 * store.c the functions of port.h over them. Private to those two.
 */
#ifndef DISK_H
#define DISK_H

#include "world.h"

enum { DISK_NAME_CAP = PORT_NAME_MAX + 1 };

/* A stored thing: bytes, of which the first `durable` survive a power cut in any case. */
struct thing {
	bool used;
	enum port_area area;
	uint32_t durable;
	struct blob bytes;
};

enum object_kind { OBJECT_FREE, OBJECT_NEW, OBJECT_READ, OBJECT_EXTEND };
struct port_object {
	enum object_kind kind;
	bool bad, running, again;        /* running: an operation that says E_AGAIN until due_ms */
	bool committing;
	uint64_t due_ms;
	port_owner owner;
	int thing;
	char name[DISK_NAME_CAP];
};

extern struct thing world_disk_thing[SIM_STORED];
extern struct port_object world_disk_object[SIM_OBJECTS];
extern uint32_t world_disk_delay_ms;

void world_disk_reset(void);
bool world_disk_good_name(const char *name);
/* A thing that nothing refers to yet, or -1. */
int world_disk_new_thing(enum port_area area);
/* The thing of a name, or -1; the name after another one, or NULL. */
int world_disk_find(enum port_area area, const char *name);
const char *world_disk_next(enum port_area area, const char *name);
/* The directory changes, not yet durably: `thing` appears under `name` (or -1: none), and the name
 * `old` goes (or "": none). world_disk_flush() makes all changes durable. */
void world_disk_change(enum port_area area, int thing, const char *name, const char *old);
void world_disk_flush(void);
/* Forgets things that nothing refers to. */
void world_disk_sweep(void);
uint64_t world_disk_space_left(enum port_area area);
void world_disk_power_cut(enum sim_power how);

#endif
