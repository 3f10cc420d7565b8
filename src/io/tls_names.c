/*
 * tls_names.c - names of versions, suites, failures and alerts, and what an engine's error means.
 */
#include "io/tls_context.h"

#define FAILURE_TEXT(name, text) [name] = text,
static const char *const failure_name[TLS_FAILURE_COUNT] = { TLS_FAILURES(FAILURE_TEXT) };
#undef FAILURE_TEXT

const char *tls_failure_text(enum tls_failure why)
{
	return (unsigned)why < TLS_FAILURE_COUNT ? failure_name[why] : "unknown failure";
}

const char *tls_version_name(uint16_t version)
{
	switch (version) {
	case TLS_1_0: return "TLS 1.0";
	case TLS_1_1: return "TLS 1.1";
	case TLS_1_2: return "TLS 1.2";
	default: return "unknown TLS version";
	}
}

static const struct { uint16_t suite; const char *name; } suite_names[] = {
	{ 0x000a, "DES-CBC3-SHA" }, { 0x002f, "AES128-SHA" }, { 0x0035, "AES256-SHA" },
	{ 0x003c, "AES128-SHA256" }, { 0x003d, "AES256-SHA256" },
	{ 0x009c, "AES128-GCM-SHA256" }, { 0x009d, "AES256-GCM-SHA384" },
	{ 0xc009, "ECDHE-ECDSA-AES128-SHA" }, { 0xc00a, "ECDHE-ECDSA-AES256-SHA" },
	{ 0xc013, "ECDHE-RSA-AES128-SHA" }, { 0xc014, "ECDHE-RSA-AES256-SHA" },
	{ 0xc023, "ECDHE-ECDSA-AES128-SHA256" }, { 0xc024, "ECDHE-ECDSA-AES256-SHA384" },
	{ 0xc027, "ECDHE-RSA-AES128-SHA256" }, { 0xc028, "ECDHE-RSA-AES256-SHA384" },
	{ 0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256" }, { 0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384" },
	{ 0xc02f, "ECDHE-RSA-AES128-GCM-SHA256" }, { 0xc030, "ECDHE-RSA-AES256-GCM-SHA384" },
	{ 0xcca8, "ECDHE-RSA-CHACHA20-POLY1305" }, { 0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305" },
};

const char *tls_suite_name(uint16_t suite)
{
	for (size_t i = 0; i < sizeof suite_names / sizeof suite_names[0]; i++)
		if (suite_names[i].suite == suite)
			return suite_names[i].name;
	return "a suite without a name";
}

static const struct { uint8_t alert; const char *name; } alert_names[] = {
	{ 0, "close notify" }, { 10, "unexpected message" }, { 20, "bad record MAC" },
	{ 22, "record overflow" }, { 40, "handshake failure" }, { 42, "bad certificate" },
	{ 43, "unsupported certificate" }, { 44, "certificate revoked" },
	{ 45, "certificate expired" }, { 46, "certificate unknown" }, { 47, "illegal parameter" },
	{ 48, "unknown authority" }, { 49, "access denied" }, { 50, "decode error" },
	{ 51, "decrypt error" }, { 70, "protocol version" }, { 71, "insufficient security" },
	{ 80, "internal error" }, { 86, "inappropriate fallback" }, { 90, "user cancelled" },
	{ 100, "no renegotiation" }, { 109, "missing extension" },
	{ 110, "unsupported extension" }, { 112, "unrecognised name" },
	{ 116, "certificate required" }, { 120, "no application protocol" },
};

const char *tls_alert_name(uint8_t alert)
{
	for (size_t i = 0; i < sizeof alert_names / sizeof alert_names[0]; i++)
		if (alert_names[i].alert == alert)
			return alert_names[i].name;
	return "an alert without a name";
}

enum { ALERT_VERSION = 70, ALERT_SECURITY = 71, ALERT_FALLBACK = 86, ALERT_HANDSHAKE = 40 };

/* An alert that came says little of why; those about versions and suites do. */
static enum tls_failure alert_received(uint8_t alert)
{
	return alert == ALERT_VERSION || alert == ALERT_FALLBACK ? TLS_VERSION :
		alert == ALERT_SECURITY ? TLS_NO_SUITE : TLS_ALERT;
}

/* Alerts that the engine sends by itself. */
static enum tls_failure alert_sent(uint8_t alert)
{
	return alert == ALERT_VERSION || alert == ALERT_FALLBACK ? TLS_VERSION :
		alert == ALERT_HANDSHAKE ? TLS_NO_SUITE : TLS_PROTOCOL;
}

enum tls_failure tls_failure_of(int br_error, uint8_t *alert)
{
	*alert = (uint8_t)(br_error & 0xff);
	if (br_error >= BR_ERR_SEND_FATAL_ALERT)
		return alert_sent(*alert);
	if (br_error >= BR_ERR_RECV_FATAL_ALERT)
		return alert_received(*alert);
	*alert = 0;
	switch (br_error) {
	case BR_ERR_OK: return TLS_FINE;
	case BR_ERR_UNSUPPORTED_VERSION:
	case BR_ERR_BAD_VERSION: return TLS_VERSION;
	case BR_ERR_BAD_CIPHER_SUITE: return TLS_NO_SUITE;
	case BR_ERR_NO_RANDOM: return TLS_NO_ENTROPY;
	case BR_ERR_BAD_SIGNATURE: return TLS_BAD_SIGNATURE;
	default: return TLS_PROTOCOL;
	}
}

uint8_t tls_alert_for(enum tls_failure why)
{
	static const uint8_t table[TLS_FAILURE_COUNT] = {
		[TLS_EXPIRED] = BR_ALERT_CERTIFICATE_EXPIRED,
		[TLS_NOT_YET] = BR_ALERT_CERTIFICATE_EXPIRED,
		[TLS_UNKNOWN_CA] = BR_ALERT_UNKNOWN_CA, [TLS_NOT_CA] = BR_ALERT_UNKNOWN_CA,
		[TLS_BAD_SIGNATURE] = BR_ALERT_DECRYPT_ERROR,
		[TLS_WEAK] = BR_ALERT_INSUFFICIENT_SECURITY,
		[TLS_USAGE] = BR_ALERT_UNSUPPORTED_CERTIFICATE,
		[TLS_VERSION] = BR_ALERT_PROTOCOL_VERSION, [TLS_NO_SUITE] = BR_ALERT_HANDSHAKE_FAILURE,
		[TLS_WRONG_NAME] = BR_ALERT_BAD_CERTIFICATE, [TLS_NO_NAME] = BR_ALERT_BAD_CERTIFICATE,
		[TLS_CONSTRAINED] = BR_ALERT_BAD_CERTIFICATE, [TLS_PIN] = BR_ALERT_BAD_CERTIFICATE,
		[TLS_MALFORMED] = BR_ALERT_BAD_CERTIFICATE,
		[TLS_NO_TRUST] = BR_ALERT_INTERNAL_ERROR, [TLS_NO_CLOCK] = BR_ALERT_INTERNAL_ERROR,
		[TLS_PROTOCOL] = BR_ALERT_DECODE_ERROR,
	};

	return table[why];
}
