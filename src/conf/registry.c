/*
 * Registry files: lines "[key]" and "\"name\"=dword:00000001" beneath it. Only ASCII matters here,
 * so UTF-16 is brought to bytes by its lower halves. See registry.h.
 */
#include "conf/registry.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define LINE_MAX 512u

/* The next line of *rest in line, of at most LINE_MAX - 1 characters; false at the end. */
static bool
next_line(struct view *rest, unsigned int width, char line[LINE_MAX])
{
	size_t n = 0;
	bool any = rest->n >= width;

	while (rest->n >= width) {
		uint8_t c = width == 2 && rest->p[1] ? '?' : rest->p[0];
		*rest = view_of(rest->p + width, rest->n - width);
		if (c == '\n')
			break;
		if (c != '\r' && n + 1 < LINE_MAX)
			line[n++] = (char)c;
	}
	line[n] = 0;
	return any;
}

/* "[HKEY_LOCAL_MACHINE\...\EapHost\Configuration]" */
static bool
is_wanted_key(const char *line)
{
	static const char end[] = "\\EapHost\\Configuration]";
	size_t n = strlen(line), m = sizeof(end) - 1;

	return n > m && text_eq_nocase(view_of(line + n - m, m), view_str(end));
}

static void
take_value(const char *line, struct registry_found *out)
{
	static const char name[] = "\"IdentityEncodingFormat\"=dword:";
	size_t n = sizeof(name) - 1;
	char *end;

	if (strlen(line) < n || !text_eq_nocase(view_of(line, n), view_str(name)))
		return;
	unsigned long value = strtoul(line + n, &end, 16);
	if (end == line + n || *end)
		return;
	out->has_identity_encoding = true;
	out->identity_ansi = value == 1;
}

bool
registry_read(struct view text, struct registry_found *out)
{
	unsigned int width = 1;
	bool wanted = false;
	char line[LINE_MAX];

	*out = (struct registry_found){ 0 };
	if (text.n >= 2 && text.p[0] == 0xff && text.p[1] == 0xfe) {
		width = 2;
		text = view_of(text.p + 2, text.n - 2);
	} else if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0) {
		text = view_of(text.p + 3, text.n - 3);
	}
	if (!next_line(&text, width, line) ||
	    (strcmp(line, "Windows Registry Editor Version 5.00") != 0 &&
		strcmp(line, "REGEDIT4") != 0))
		return false;
	while (next_line(&text, width, line)) {
		if (line[0] == '[')
			wanted = is_wanted_key(line);
		else if (wanted)
			take_value(line, out);
	}
	return true;
}
