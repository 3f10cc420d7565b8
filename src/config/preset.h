/*
 * preset.h - what is known of a provider: the form of a preset. The data stand in
 * account/presets.c, as the room of the providers lies above this one; presets fill options that
 * were not given.
 */
#ifndef CONFIG_PRESET_H
#define CONFIG_PRESET_H

#include <stdint.h>

/* One server of a provider. host NULL: the provider has none, or it must be given. */
struct preset_server {
	const char *host;
	uint16_t port;
	uint8_t tls;              /* enum cfg_tls */
};

/* One provider. */
struct preset {
	struct preset_server smtp, imap, pop3;
	uint16_t max_connections; /* at once; 0: not known */
	uint16_t rate, rate_s;    /* messages in so many seconds; 0: not known */
	const char *credentials;  /* what it takes, for the owner: completes "NAME takes …" */
};

/* The preset of a value of enum cfg_provider. */
const struct preset *preset_of(uint8_t provider);

/* Today's name of a host that people still type ("smtp.live.com"), or NULL. ASCII case-blind. */
const char *preset_host_today(const char *host);

#endif
