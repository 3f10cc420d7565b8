/*
 * board.h (linux) - counts and sizes of every pool. Memory that is never touched costs nothing
 * here, so the pools are large; a count can be overridden by -D for small boxes and for tests.
 */
#ifndef BOARD_H
#define BOARD_H

#define BOARD_NAME "linux"
#define BOARD_CONFIG_PATH "/etc/mailwicket.conf" /* where -c is not given */

/* ---- sessions ---- */
#ifndef BOARD_SESSIONS
#define BOARD_SESSIONS 1024         /* connections of devices and clients at once */
#endif
#ifndef BOARD_TRANSACTIONS
#define BOARD_TRANSACTIONS BOARD_SESSIONS /* SMTP transactions at once */
#endif
#define BOARD_LISTENERS 64          /* bound addresses and ports */
#define BOARD_CONSOLES 4
#define BOARD_DNS_QUERIES 32        /* questions under way at once */
#define BOARD_DNS_CACHE 128         /* answers remembered */
#define BOARD_CLIENT_TABLE 1024     /* client addresses remembered for caps and penalties */

/* ---- TLS ---- */
#ifndef BOARD_TLS_SERVERS
#define BOARD_TLS_SERVERS BOARD_SESSIONS
#endif
#ifndef BOARD_TLS_CLIENTS
#define BOARD_TLS_CLIENTS BOARD_SESSIONS
#endif
#define BOARD_X509 64               /* chains being verified at once */
#ifndef BOARD_RECORDS_SMALL
#define BOARD_RECORDS_SMALL 1024    /* lent record buffers of 1 kB */
#endif
#ifndef BOARD_RECORDS_MID
#define BOARD_RECORDS_MID 512       /* of 4 kB */
#endif
#ifndef BOARD_RECORDS_LARGE
#define BOARD_RECORDS_LARGE 256     /* of 17 kB: a whole TLS record */
#endif
#define BOARD_LINES (2 * BOARD_SESSIONS)   /* plaintext input buffers of 2 kB, one a direction */
#define BOARD_OUTPUTS (2 * BOARD_SESSIONS) /* output buffers, one a direction */
#define BOARD_TLS_SESSIONS 256      /* resumable sessions remembered, each side */
#define BOARD_ANCHORS 512           /* certificates in the trust bundles, all files together */
#define BOARD_LEAVES 8              /* certificates of our own held at once */
/* Every processor that the program is compiled for has 16-byte vectors and products of 128 bits:
 * ChaCha20 and Poly1305 without them are left out. */
#if defined __SSE2__ && defined __SIZEOF_INT128__
#define BOARD_WIDE_CHAPOL 1
#else
#define BOARD_WIDE_CHAPOL 0
#endif

/* ---- configuration ---- */
#define BOARD_CONFIG_TEXT 65536     /* bytes of one configuration, as text and as values */
#define BOARD_CONFIG_SECTIONS 256

/* ---- handles of the port ---- */
#define BOARD_TCP_MAX (2 * BOARD_SESSIONS + 16)
#define BOARD_LISTENER_MAX BOARD_LISTENERS
#define BOARD_UDP_MAX (BOARD_DNS_QUERIES + 4)
#define BOARD_OBJECT_MAX 32
#define BOARD_FILE_MAX 8
#define BOARD_CONSOLE_MAX BOARD_CONSOLES

#endif
