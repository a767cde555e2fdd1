/*
 * What an exported registry (.reg) of a Windows server says that has a setting here (R30).
 */
#ifndef CONF_REGISTRY_H
#define CONF_REGISTRY_H

#include "base/must.h"
#include "base/view.h"

struct registry_found {
	bool has_identity_encoding;
	bool identity_ansi; /* IdentityEncodingFormat is 1 */
};

/*
 * Reads the text of a .reg file, UTF-8 or UTF-16 little endian with its mark, as regedit writes it.
 * False when it is no such file; what it does not know it passes over.
 */
MUST_USE bool registry_read(struct view text, struct registry_found *out);

#endif
