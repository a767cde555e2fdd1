/* Reading files of the configuration. See conffile.h. */
#include "os/conffile.h"

#include "base/wr.h"
#include "os/file.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *
read_one(const char *path, char *err, size_t cap)
{
	struct file_bytes b;
	int rc = file_read(path, CONFFILE_MAX, &b);
	char *text = NULL;

	if (rc < 0) {
		snprintf(err, cap, "%s", strerror(-rc));
		return NULL;
	}
	if (b.n && memchr(b.p, 0, b.n))
		snprintf(err, cap, "it is not a text: it holds a zero byte");
	else if (!(text = strdup((const char *)b.p)))
		snprintf(err, cap, "out of memory");
	file_bytes_free(&b);
	return text;
}

/* One line an include, quoted as the grammar wants it. */
static char *
list_matches(const glob_t *g, char *err, size_t cap)
{
	size_t room = 1;
	char *text;

	for (size_t i = 0; i < g->gl_pathc; i++)
		room += 2 * strlen(g->gl_pathv[i]) + sizeof("include \"\"\n");
	text = malloc(room);
	if (!text) {
		snprintf(err, cap, "out of memory");
		return NULL;
	}
	struct wr w = wr_over(text, room);
	for (size_t i = 0; i < g->gl_pathc; i++) {
		wr_str(&w, "include \"");
		for (const char *s = g->gl_pathv[i]; *s; s++) {
			if (*s == '"' || *s == '\\')
				wr_u8(&w, '\\');
			wr_u8(&w, (uint8_t)*s);
		}
		wr_str(&w, "\"\n");
	}
	wr_u8(&w, 0);
	must(wr_done(&w));
	return text;
}

/* Whoever may write it steers a daemon that is root: only root, or who runs us. Attack U07. */
static bool
is_ours(const char *path, char *err, size_t cap)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		snprintf(err, cap, "%s", strerror(errno));
		return false;
	}
	if (st.st_uid != 0 && st.st_uid != geteuid())
		snprintf(err, cap,
		    "it belongs to user %u, not to root, and could be changed behind our back: "
		    "chown root it",
		    (unsigned int)st.st_uid);
	else if (st.st_mode & (S_IWGRP | S_IWOTH))
		snprintf(err, cap, "others than root may write it: chmod go-w it");
	else
		return true;
	return false;
}

char *
conffile_read_strict(void *ctx, const char *path, char *err, size_t cap)
{
	bool pattern = strpbrk(path, "*?[") != NULL; /* a list of paths, each is asked for alone */

	return pattern || is_ours(path, err, cap) ? conffile_read(ctx, path, err, cap) : NULL;
}

char *
conffile_read(void *ctx, const char *path, char *err, size_t cap)
{
	glob_t g = { 0 };
	char *text = NULL;

	(void)ctx;
	if (!strpbrk(path, "*?["))
		return read_one(path, err, cap);
	int rc = glob(path, 0, NULL, &g);
	if (rc == 0 || rc == GLOB_NOMATCH)
		text = list_matches(&g, err, cap);
	else
		snprintf(err, cap, "the folder cannot be read");
	globfree(&g);
	return text;
}
