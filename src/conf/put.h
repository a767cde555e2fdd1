/* Writing the language of rrasd.conf: text that grows. See flatten.c and override.c. */
#ifndef CONF_PUT_H
#define CONF_PUT_H

#include "base/view.h"

/* Start with zeroes; failed: memory was out, and what follows is lost. */
struct conf_out {
	char *p;
	size_t n, cap;
	bool failed;
};

void conf_put(struct conf_out *o, const void *bytes, size_t n);

/* Always in quotes, so that no word can be mistaken for anything else. */
void conf_put_word(struct conf_out *o, struct view v);

/* The text, malloc'ed and the caller's; NULL when memory was out. */
char *conf_out_text(struct conf_out *o);

#endif
