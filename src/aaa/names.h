/*
 * Names of users: what the peer sent, what enters a hash, and what is looked up. The three are kept
 * apart: only the last is ever rewritten (case folded, NFC), so that "ANNA", "anna" and a
 * decomposed "änna" find their account while MS-CHAP still hashes the bytes that the client hashed.
 *
 * Serves R24, R27, R28 and attack B02 (look-alikes by case, normalisation, invisible characters,
 * trailing dots). Does not know which accounts exist.
 */
#ifndef AAA_NAMES_H
#define AAA_NAMES_H

#include "attempt/cause.h"
#include "attempt/request.h"
#include "base/wr.h"

#define LOOKUP_MAX 256u /* bytes of a normal form */
#define NAME_DOMAINS_MAX 9u

struct conf;

/* A name in normal form: folded, NFC, no invisible characters; terminated, n without the zero. */
struct lookup_name {
	uint16_t n;
	char s[LOOKUP_MAX + 1];
};

/* The part of the configuration that names need. */
struct name_rules {
	bool ansi; /* names are Windows-1252 on the wire (R28), else UTF-8 */
	unsigned int n_domains;
	struct lookup_name domains[NAME_DOMAINS_MAX]; /* ours: domain and realms */
};

struct peer_name {
	struct view sent;          /* borrowed; as it came */
	struct view for_hash;      /* borrowed; behind the last backslash, never rewritten */
	struct lookup_name lookup; /* empty unless CAUSE_NONE */
	struct lookup_name full;   /* folded, domain included: for policy patterns; may be empty */
	struct lookup_name other;  /* as the other encoding would read it; empty when the same */
};

/* Takes domain, realms and encoding over from c. */
void name_rules_init(struct name_rules *r, const struct conf *c);

/*
 * Splits DOMAIN\user, user@realm or a plain name. CAUSE_NONE, or CAUSE_NO_SUCH_DOMAIN when the
 * domain is not ours, CAUSE_NAME_ENCODING when the bytes are not text in the agreed encoding,
 * CAUSE_NO_SUCH_USER for what cannot be a name at all: empty, longer than 256 bytes, with a zero or
 * an invisible character, ending in a dot or blank. Views in out point into sent.
 */
enum cause name_read(const struct name_rules *r, struct view sent, struct peer_name *out);

/*
 * How a client writes names that are not ASCII (R25, R26). Windows from 7 on writes Unicode in EAP
 * and its code page in all other methods; before, the code page in all.
 */
enum name_encoding { NAMES_UNICODE, NAMES_ANSI, NAMES_WINDOWS };

/* "unicode", "ansi", "windows"; false when it is none of them. */
MUST_USE bool name_encoding_parse(const char *s, enum name_encoding *out);

/*
 * A client's name as it goes out by a method of PPP that is not EAP: as it is, or from UTF-8 into
 * Windows-1252. False when it is not UTF-8, has a character that the code page lacks, or w is full.
 */
MUST_USE bool name_write(enum name_encoding e, struct view utf8, struct wr *w);

/* The normal form of one name without domain. False for what cannot be a name. */
MUST_USE bool name_normalise(struct view utf8, struct lookup_name *out);

/* Only folds (case, NFC), for patterns and groups: any characters. False: not UTF-8 or too long. */
MUST_USE bool name_fold(struct view utf8, struct lookup_name *out);

#endif
