/*
 * candidate.h - the configuration under edit, for the console: one for all consoles, begun by the
 * first change, ended by commit or revert. Values are checked when they are set, the whole at
 * commit.
 *
 * PATH is SECTION.OPTION, SECTION a name, @route[N], or `gateway`. All sentences go to `why` and
 * show no secret.
 */
#ifndef CONFIG_CANDIDATE_H
#define CONFIG_CANDIDATE_H

#include "config/table.h"

/* Where a path leads. */
struct cfg_path {
	enum section_type type;
	unsigned index;
	const struct setting *row;  /* NULL: the path names a section */
};

/* What the console shows and edits: the candidate if there is one, else the running
 * configuration. */
const struct settings *candidate_view(void);

/* Whether there are changes (a candidate exists). */
bool candidate_exists(void);

/* Finds SECTION or SECTION.OPTION in an instance. E_OK, or E_NOENT with `why`. */
int candidate_find(const struct settings *s, struct slice path, struct cfg_path *out,
	struct fmt *why);

/* Gives an option a value (empty: unsets it); a list gets one element. E_OK, E_NOENT, E_ARG,
 * E_LIMIT. */
int candidate_set(struct slice path, struct slice value, struct fmt *why);

/* Adds to a list, or takes from it. E_OK, E_NOENT (path, or no such element), E_ARG, E_LIMIT. */
int candidate_add_list(struct slice path, struct slice value, struct fmt *why);
int candidate_del_list(struct slice path, struct slice value, struct fmt *why);

/* Adds a section at the end of its type; routes have an empty name. As candidate_set(). */
int candidate_add(struct slice type, struct slice name, struct fmt *why);

/* Removes a section, or unsets an option. E_OK, E_NOENT, E_LIMIT. */
int candidate_delete(struct slice path, struct fmt *why);

/* Moves route `path` so that its number becomes `to`. E_OK, E_NOENT, E_ARG. */
int candidate_move(struct slice path, unsigned to, struct fmt *why);

/* Replaces the candidate by a UCI text; <hidden> keeps the present secret. E_OK or E_ARG; after an
 * error the candidate is as it was. */
int candidate_import(struct slice text, struct fmt *why);

/* Drops the changes. */
void candidate_drop(void);

/* Validates the candidate, writes the configuration file, makes it the running one and calls
 * `apply`. A failure at any step puts everything back: file, running configuration, and the
 * candidate stays for repair. Comments in the file are lost. E_OK, E_NOENT (no changes, or no
 * file), E_ARG (not valid), E_INUSE (the running one or the file was replaced meanwhile), or the
 * error of the port or of apply. */
int candidate_commit(int (*apply)(char *why, size_t cap), struct fmt *why);

/* ---- output, a line at a time ---- */

/* Place in a listing; zeroed at its begin. */
struct cfg_cursor {
	uint32_t type, index, place, item, phase;
};

#define SETTINGS_LINE_MAX 1200 /* bytes of the longest line below; less room may cut one */

/* The next line of an instance as UCI text, with its end of line. E_MORE: a line was written; E_OK:
 * nothing was written, that was all. Secrets as <hidden> unless `secrets`. */
int settings_write(const struct settings *s, struct cfg_cursor *at, bool secrets,
	struct fmt *out);

/* The next line of what the candidate changes, as console commands. As settings_write(). */
int candidate_changes(struct cfg_cursor *at, struct fmt *out);

#endif
