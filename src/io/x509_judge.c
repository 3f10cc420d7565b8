/*
 * x509_judge.c - the rules for single certificates, in the order in which they are told to the
 * owner.
 */
#include "io/x509_judge.h"

#include "io/x509.h"

static enum tls_failure key_fault(const struct cert_view *v)
{
	switch (v->key) {
	case CERT_KEY_RSA:
		if (v->key_bits > X509_RSA_BITS_MAX)
			return TLS_MALFORMED;
		return v->key_bits >= X509_RSA_BITS_MIN ? TLS_FINE : TLS_WEAK;
	case CERT_KEY_OTHER_CURVE:
		return TLS_WEAK;
	case CERT_KEY_EC:
		return TLS_FINE;
	case CERT_KEY_UNKNOWN:
		break;
	}
	return TLS_MALFORMED;
}

static enum tls_failure common_fault(const struct cert_view *v, int64_t now_s)
{
	if (now_s < v->not_before_s)
		return TLS_NOT_YET;
	if (now_s > v->not_after_s)
		return TLS_EXPIRED;
	if ((v->has & CERT_EXT_CONSTRAINTS) != 0)
		return TLS_CONSTRAINED;
	return key_fault(v);
}

enum tls_failure x509_authority_fault(const struct cert_view *v, int64_t now_s, int below)
{
	if (!v->ca || (v->path_len >= 0 && v->path_len < below))
		return TLS_NOT_CA;
	if ((v->has & CERT_EXT_KEY_USAGE) != 0 && (v->usage & CERT_USAGE_CERT_SIGN) == 0)
		return TLS_NOT_CA;
	if ((v->has & CERT_EXT_EXT_USAGE) != 0 && !v->for_server && !v->for_any)
		return TLS_USAGE;
	return common_fault(v, now_s);
}

enum tls_failure x509_server_fault(const struct x509_check *c, const struct cert_view *v)
{
	enum tls_failure why = common_fault(v, c->now_s);

	if (why != TLS_FINE)
		return why;
	if ((v->has & CERT_EXT_EXT_USAGE) != 0 && !v->for_server)
		return TLS_USAGE;
	if ((v->has & CERT_EXT_NAMES) == 0)
		return TLS_NO_NAME;
	if (!cert_names_cover(v->names, slice_str(c->name), c->ip, c->ip_len))
		return TLS_WRONG_NAME;
	return TLS_FINE;
}

enum tls_failure x509_signature_fault(const struct cert_view *v)
{
	if (v->sig == CERT_SIG_WEAK)
		return TLS_WEAK;
	return v->sig == CERT_SIG_UNKNOWN ? TLS_MALFORMED : TLS_FINE;
}

enum tls_failure x509_check_why(const struct x509_check *c, int br_error)
{
	static const uint8_t meaning[] = {
		[BR_ERR_X509_UNSUPPORTED] = TLS_MALFORMED,
		[BR_ERR_X509_WRONG_KEY_TYPE] = TLS_BAD_SIGNATURE,
		[BR_ERR_X509_BAD_SIGNATURE] = TLS_BAD_SIGNATURE,
		[BR_ERR_X509_TIME_UNKNOWN] = TLS_NO_CLOCK,
		[BR_ERR_X509_EXPIRED] = TLS_EXPIRED,
		[BR_ERR_X509_DN_MISMATCH] = TLS_UNKNOWN_CA,
		[BR_ERR_X509_BAD_SERVER_NAME] = TLS_WRONG_NAME,
		[BR_ERR_X509_CRITICAL_EXTENSION] = TLS_CONSTRAINED,
		[BR_ERR_X509_NOT_CA] = TLS_NOT_CA,
		[BR_ERR_X509_FORBIDDEN_KEY_USAGE] = TLS_USAGE,
		[BR_ERR_X509_WEAK_PUBLIC_KEY] = TLS_WEAK,
		[BR_ERR_X509_NOT_TRUSTED] = TLS_UNKNOWN_CA,
	};

	if (c->why != TLS_FINE)
		return c->why;
	if (br_error == BR_ERR_WRONG_KEY_USAGE)
		return TLS_USAGE;
	if (br_error <= BR_ERR_X509_OK || br_error >= (int)sizeof meaning)
		return TLS_FINE;
	return meaning[br_error] != TLS_FINE ? (enum tls_failure)meaning[br_error] : TLS_MALFORMED;
}
