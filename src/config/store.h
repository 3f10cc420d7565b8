/*
 * store.h - the instances of the configuration and the steps between them, for src/config only; the
 * console sees candidate.h, others settings.h.
 */
#ifndef CONFIG_STORE_H
#define CONFIG_STORE_H

#include "config/table.h"

/* What is wrong with a configuration, and where. */
struct fault {
	int type, index;             /* section; type -1: none in particular */
	const struct setting *row;   /* option; NULL: the section itself */
	unsigned element;            /* of a list, from 0 */
	char text[320];              /* the sentence, NUL-terminated */
};

/* Reads a text into an instance: sections and single values, no relations between them. A secret
 * given as
 * <hidden> is taken from the same section of `keep` (NULL: refused). E_OK; E_ARG with the sentence
 * `FILE:LINE: …`. */
int settings_read(struct settings *s, struct slice text, const struct settings *keep,
	const char *file, struct settings_error *err);

/* The line of an option (row NULL: of the section) in a text that settings_read() took. */
uint32_t settings_line(struct slice text, const struct fault *at);

/* Reads the files of secrets. E_OK, or E_ARG with *f. */
int secrets_read(struct settings *s, struct fault *f);

/* Whether an instance holds secrets of its own (not by NAME_file). */
bool secrets_held(const struct settings *s);

/* Everything that one value alone does not tell: what is required, references, relations, who may
 * relay, what is not built. E_OK, or E_ARG with *f. */
int settings_validate(const struct settings *s, struct fault *f);

/* The parts of settings_validate(): names and references; listeners and access; accounts; what is
 * not built yet. */
int validate_references(const struct settings *s, struct fault *f);
int validate_access(const struct settings *s, struct fault *f);
int validate_accounts(const struct settings *s, struct fault *f);
int validate_built(const struct settings *s, struct fault *f);

/* Fills a fault and returns E_ARG. The section's name and type stand before the sentence. */
int fault_at(const struct settings *s, struct fault *f, enum section_type type, unsigned index,
	int place, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Fills a fault that belongs to no section, and returns E_ARG. */
int fault_plain(struct fault *f, const char *text);

/* The instances. The spare is free between two calls of this room's functions. */
struct settings *settings_candidate(void);
struct settings *settings_spare(void);

/* Makes the spare the running one; settings_swap_back() undoes the last one. The generation
 * grows. */
void settings_swap(void);
void settings_swap_back(void);

/* CRC-32C of the file as it was loaded or committed last. */
uint32_t settings_file_crc(void);
void settings_file_crc_set(uint32_t crc);

/* An instance as UCI text with its secrets; the length, or E_LIMIT. */
int settings_text_make(const struct settings *s, char *buf, size_t cap);

/* The generation that the candidate began from; and makes it the present one. */
uint32_t candidate_base(void);
void candidate_rebase(void);

/* A buffer of BOARD_CONFIG_TEXT bytes for one configuration text at a time; wiped by who used
 * it. */
char *settings_buffer(void);

/* Reads a whole file into `buf`. The length; E_LIMIT (longer than cap), or an error of the port. */
int file_read(const char *path, char *buf, size_t cap);

#endif
