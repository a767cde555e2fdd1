/*
 * Makes rrasd.conf(5) from its template: copies it to standard output and puts the table of
 * settings of the schema in the place of the line that says @SETTINGS@. Runs while the project is
 * built.
 */
#include "conf/schema.h"

#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
	static char table[1u << 17];
	struct wr w = wr_over(table, sizeof(table));
	char line[1024];
	FILE *in = argc == 2 ? fopen(argv[1], "r") : NULL;

	if (!in) {
		fprintf(stderr, "usage: conf-man TEMPLATE\n");
		return 1;
	}
	conf_help_mdoc(&w);
	must(wr_done(&w));
	while (fgets(line, sizeof(line), in)) {
		if (strstr(line, "@SETTINGS@"))
			fwrite(table, 1, wr_len(&w), stdout);
		else
			fputs(line, stdout);
	}
	fclose(in);
	return fflush(stdout) == 0 ? 0 : 1;
}
