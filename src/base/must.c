/* The one place where a broken invariant ends the process. See must.h. */
#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>

void
must_fail(const char *file, int line, const char *cond)
{
	fprintf(stderr, "openrras: bug at %s:%d: %s\n", file, line, cond);
	abort();
}
