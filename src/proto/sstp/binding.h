/*
 * SSTP crypto binding (MS-SSTP 3.2.5.2): ties the PPP authentication to the TLS session, so that
 * nobody relays somebody else's log-in into a tunnel of his own (attacks S07, S09). Pure functions.
 */
#ifndef PROTO_SSTP_BINDING_H
#define PROTO_SSTP_BINDING_H

#include "attempt/cause.h"
#include "proto/sstp/sstp_conf.h"
#include "proto/sstp/sstp_wire.h"

#define SSTP_HLAK 32u

/* Bytes of certificate hash and MAC for one SSTP_HASH_ bit: 20 or 32; 0 for anything else. */
size_t binding_hash_bytes(uint8_t hash);

/* "SHA1", "SHA256": for the trail. */
const char *binding_hash_name(uint8_t hash);

/* The strongest hash of a mask; 0 when it holds none that we know. */
uint8_t binding_strongest(uint8_t hash_mask);

/* The certificate hash of conf for one hash, padded with zeros to 32 bytes. */
void binding_cert_hash(const struct sstp_conf *conf, uint8_t hash, uint8_t out[32]);

/*
 * The Compound MAC over a whole Call Connected of SSTP_CONNECTED_BYTES bytes, whose own MAC field
 * and paddings count as zero whatever they hold. Pads out with zeros to 32 bytes.
 */
void binding_mac(uint8_t hash, const uint8_t hlak[SSTP_HLAK],
    const uint8_t msg[SSTP_CONNECTED_BYTES], uint8_t out[32]);

/* What a server can check before the authentication is done: hash offered, nonce, certificate. */
enum cause binding_check_claims(
    const struct sstp_conf *conf, const uint8_t nonce[SSTP_NONCE], const struct sstp_binding *b);

/* The MAC; constant time. CAUSE_NONE or CAUSE_BINDING_MAC. */
enum cause binding_check_mac(const struct sstp_binding *b, const uint8_t hlak[SSTP_HLAK],
    const uint8_t msg[SSTP_CONNECTED_BYTES]);

#endif
