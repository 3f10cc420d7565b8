/*
 * x509_judge.h - what is asked of a certificate by itself: dates, keys, extensions, names (TL-07,
 * TL-08).
 */
#ifndef IO_X509_JUDGE_H
#define IO_X509_JUDGE_H

#include "io/cert_view.h"
#include "io/x509.h"

#define X509_RSA_BITS_MIN 2048
#define X509_RSA_BITS_MAX 4096 /* BearSSL's limit */

/* What is wrong with an authority that has `below` other authorities between it and the server;
 * also asked of anchors. Any name constraints are wrong: BearSSL cannot apply them. TLS_FINE:
 * nothing. */
enum tls_failure x509_authority_fault(const struct cert_view *v, int64_t now_s, int below);

/* What is wrong with the server's own certificate, its name included. */
enum tls_failure x509_server_fault(const struct x509_check *c, const struct cert_view *v);

/* What is wrong with the kind of signature on a certificate. */
enum tls_failure x509_signature_fault(const struct cert_view *v);

#endif
