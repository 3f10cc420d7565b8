/*
 * places.c - a small table of accounts that have connections at present, by section name, so that a
 * reload may renumber accounts.
 */
#include "gateway/places.h"

#include <string.h>

#include "base/fmt.h"
#include "board.h"
#include "config/settings.h"

enum { NAME_MAX_LEN = 33, ROWS = BOARD_CONFIG_SECTIONS / 2 };

static struct row {
	char name[NAME_MAX_LEN];
	uint16_t used;
	struct waiter_list waiting;
} rows[ROWS];

static struct row *row_of(const char *account)
{
	struct row *free_row = NULL;

	for (int i = 0; i < ROWS; i++) {
		bool idle = rows[i].used == 0 && rows[i].waiting.first == NULL;

		if (!idle && strcmp(rows[i].name, account) == 0)
			return &rows[i];
		if (idle && free_row == NULL)
			free_row = &rows[i];
	}
	if (free_row != NULL) {
		struct fmt f = fmt_on(free_row->name, sizeof free_row->name);

		fmt_str(&f, account);
		fmt_cstr(&f);
	}
	return free_row;
}

static unsigned limit(const char *account)
{
	const struct cfg_account *a = settings_account(settings_running(), account);

	return a != NULL && a->max_connections > 0 ? (unsigned)a->max_connections : UINT16_MAX;
}

int places_take(const char *account, struct waiter *w, port_owner owner)
{
	struct row *r = row_of(account);

	if (r == NULL)
		return E_AGAIN;
	if (r->used < limit(account) && waiter_turn(&r->waiting, w)) {
		waiter_leave(w);
		r->used++;
		if (r->used < limit(account))
			waiter_wake(&r->waiting);
		return E_OK;
	}
	waiter_join(&r->waiting, w, owner);
	return E_AGAIN;
}

void places_leave(const char *account, struct waiter *w)
{
	struct row *r = w->list != NULL ? row_of(account) : NULL;

	waiter_leave(w);
	if (r != NULL)
		waiter_wake(&r->waiting);
}

void places_give(const char *account)
{
	struct row *r = row_of(account);

	if (r == NULL || r->used == 0)
		return;
	r->used--;
	waiter_wake(&r->waiting);
}

unsigned places_used(const char *account)
{
	struct row *r = row_of(account);

	return r != NULL ? r->used : 0;
}

void places_reset(void)
{
	memset(rows, 0, sizeof rows);
}
