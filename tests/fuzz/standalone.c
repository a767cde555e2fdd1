/*
 * A main for fuzz targets without libFuzzer: feeds each file named on the command line, and each
 * file of each folder named there, to LLVMFuzzerTestOneInput. So the corpora run as plain tests
 * with any compiler (suite 'fuzz'). Each input is handed over as a heap copy of exact size, so that
 * a read one byte too far is seen by the sanitizers; every truncation of small inputs is fed too.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_MAX (1u << 22)
#define TRUNCATE_MAX 512u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
feed(const uint8_t *bytes, size_t n)
{
	uint8_t *copy = calloc(1, n ? n : 1); /* gcc wants every byte set */

	if (!copy)
		abort();
	if (n)
		memcpy(copy, bytes, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static int
feed_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes = malloc(INPUT_MAX);
	size_t n;

	if (!f || !bytes) {
		perror(path);
		free(bytes);
		return f ? fclose(f) : 1;
	}
	n = fread(bytes, 1, INPUT_MAX, f);
	fclose(f);
	feed(bytes, n);
	for (size_t i = 0; n <= TRUNCATE_MAX && i < n; i++)
		feed(bytes, i);
	free(bytes);
	return 0;
}

static int
feed_path(const char *path, unsigned int *n_files)
{
	struct stat st;
	struct dirent *e;
	int rc = 0;

	if (stat(path, &st) != 0) {
		perror(path);
		return 1;
	}
	if (!S_ISDIR(st.st_mode)) {
		++*n_files;
		return feed_file(path);
	}
	DIR *d = opendir(path);
	if (!d) {
		perror(path);
		return 1;
	}
	while ((e = readdir(d))) {
		char inner[4096];
		int n = snprintf(inner, sizeof(inner), "%s/%s", path, e->d_name);
		if (e->d_name[0] == '.' || n < 0 || (size_t)n >= sizeof(inner))
			continue;
		rc |= feed_path(inner, n_files);
	}
	closedir(d);
	return rc;
}

int
main(int argc, char **argv)
{
	unsigned int n_files = 0;
	int rc = 0;

	feed(NULL, 0);
	for (int i = 1; i < argc; i++)
		rc |= feed_path(argv[i], &n_files);
	printf("%u inputs\n", n_files);
	return rc;
}
