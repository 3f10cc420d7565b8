/*
 * net.h - connections as both sides of them see them: net.c is the core's side (port.h), far.c the
 * world's (sim.h). Private to those two.
 */
#ifndef NET_H
#define NET_H

#include "world.h"

enum end_state { END_FREE, END_CONNECTING, END_OPEN };

/*
 * One end of a connection. The queue holds bytes on their way to this end: `len` in all, of which
 * `shown` have arrived; the rest arrives from `due_ms` on. The FIN comes after all bytes.
 */
struct port_tcp {
	enum end_state state;
	bool gateway;                    /* the core's end; else a far end */
	bool pending;                    /* waits in a listener's queue */
	bool fin_in, fin_shown;          /* the other side finished; that has arrived */
	bool hole;                       /* nothing arrives at this end any more */
	bool read_again, write_again;    /* said E_AGAIN: the next chance must be reported */
	bool owner_new;                  /* report the owner once in any case */
	bool news;                       /* a far end has something to see */
	int error;                       /* final result of reads and writes, or E_OK */
	int outcome;                     /* of a connect that still goes on */
	int peer;                        /* the other end, or -1 when it has been given back */
	int listener;                    /* while pending */
	uint32_t order;                  /* of arrival, while pending */
	uint64_t joined_ms;              /* when a pending end may be accepted */
	port_owner owner;
	struct port_addr local, remote;
	uint16_t head, len, shown, window, budget;
	uint64_t due_ms;
	uint16_t pace;                   /* bytes that arrive at a time (0: by sim_segments()) ... */
	uint32_t gap_ms;                 /* ... with so much time between */
	uint16_t list_at;                /* place in the list of SIM_LIST */
};

struct port_listener {
	bool used, gateway, again;
	uint64_t again_ms;               /* not reported before */
	port_owner owner;
	struct port_addr at;
};

enum { NET_ROUTES = 8, NET_SIZES = 64 };

extern struct net_state {
	enum sim_segments how;
	uint16_t sizes[NET_SIZES];
	int size_count, limit, route_count;
	struct { struct port_addr to; enum sim_route how; } route[NET_ROUTES];
	uint32_t io_ops, cut_at, order;
	enum sim_cut cut_how;
} world_net;

extern struct port_tcp world_net_end[SIM_ENDS];
extern uint8_t world_net_queue[SIM_ENDS][SIM_QUEUE];
extern struct port_listener world_net_listener[2 * SIM_LISTENERS];
extern int world_net_high;                     /* ends above this number are free */

/* A free end of a side, open, with its addresses; its number or -1. */
int world_net_take(bool gateway, const struct port_addr *local, const struct port_addr *remote);
/* Gives an end's slot back. */
void world_net_release(int end);
/* One of the machine's own addresses? */
bool world_net_is_ours(const struct port_addr *a);
/* The listener at an address (an unspecified one listens at all of our own), or -1. */
int world_net_find_listener(const struct port_addr *at);
/* Connects two free ends and queues `server` at its listener. */
void world_net_join(int client, int server, int listener);
/* The pending end of a listener that came first, or -1. */
int world_net_oldest(int listener);
/* Bytes to and from an end's queues, whatever its side. */
int world_net_put(int end, const void *buf, size_t len);
int world_net_get(int end, void *buf, size_t len);
/* FIN to the peer; reset of both sides with an error. */
void world_net_send_fin(int end);
void world_net_kill(int end, int error);
/* Lets arrive what is due. */
void world_net_arrive(int end);
/* May the core hold one connection more? */
bool world_net_room(void);
bool world_net_unspecified(const struct port_addr *a);
bool world_net_is_v4(const struct port_addr *a);

#endif
