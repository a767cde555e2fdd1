/*
 * Fuzz target of the configuration reader. Besides not crashing: a refusal has a reason, every
 * error stands at a place, and what was accepted still is after conf_flatten. An include named in
 * the input is served with the input itself, so that loops and nesting are tried too.
 */
#include "conf/conf.h"

#include <stdlib.h>

struct input {
	struct view text;
};

static char *
read_self(void *ctx, const char *path, char *err, size_t cap)
{
	const struct input *in = ctx;
	size_t n = strnlen((const char *)in->text.p, in->text.n);
	char *copy;

	if (path[0] == 'x') {
		if (cap)
			err[0] = 0;
		return NULL;
	}
	copy = malloc(n + 1);
	if (!copy)
		return NULL;
	memcpy(copy, in->text.p, n);
	copy[n] = 0;
	return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { view_of(data, size) };
	struct conf_errors errors, again;
	char line[700];

	if (size == 0)
		return 0;
	struct conf *c = conf_parse("fuzz", in.text, read_self, &in, &errors);
	must((c == NULL) == (errors.n > errors.n_warnings));
	for (unsigned int i = 0; i < errors.n; i++) {
		must(errors.e[i].line > 0 && errors.e[i].column > 0 && errors.e[i].text[0]);
		conf_error_text(&errors.e[i], line, sizeof(line));
	}
	char *flat = conf_flatten("fuzz", in.text, read_self, &in);
	must(flat || !c);
	if (c) {
		struct conf *d = conf_parse("flat", view_str(flat), NULL, NULL, &again);
		must(d && again.n_warnings == errors.n_warnings);
		must(d->n_policies == c->n_policies && d->n_pools == c->n_pools);
		must(d->method_mask == c->method_mask && d->n_realms == c->n_realms);
		conf_free(d);
	}
	free(flat);
	conf_free(c);
	return 0;
}
