/*
 * presets.h - providers and their servers (interop.md 1). What a preset looks like, and the calls,
 * stand in config/preset.h, because the configuration fills what was not given from them.
 */
#ifndef ACCOUNT_PRESETS_H
#define ACCOUNT_PRESETS_H

#include "config/preset.h"
#include "config/settings.h"

#endif
