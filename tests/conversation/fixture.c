/*
 * fixture.c - the files of tests/fixtures, read once and put into each simulated machine.
 */
#include <dirent.h>

#include "conv.h"

enum { FIXTURES = 40, FIXTURE_LEN = 8192 };

const char *fixture_dir = "tests/fixtures";

static struct {
	char name[64];
	size_t len;
	char bytes[FIXTURE_LEN];
} fixture[FIXTURES];
static int fixtures;

static void read_one(const char *name)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", fixture_dir, name);
	f = fopen(path, "rb");
	if (f == NULL || fixtures == FIXTURES || strlen(name) >= sizeof fixture[0].name) {
		fprintf(stderr, "%s: cannot be used\n", path);
		exit(2);
	}
	memcpy(fixture[fixtures].name, name, strlen(name) + 1);
	fixture[fixtures].len = fread(fixture[fixtures].bytes, 1, FIXTURE_LEN, f);
	fixtures++;
	fclose(f);
}

static void read_all(void)
{
	DIR *dir = opendir(fixture_dir);
	struct dirent *e;

	if (dir == NULL) {
		fprintf(stderr, "%s: no such directory; run from the top of the repository\n", fixture_dir);
		exit(2);
	}
	while ((e = readdir(dir)) != NULL)
		if (strstr(e->d_name, ".pem") != NULL || strstr(e->d_name, ".key") != NULL)
			read_one(e->d_name);
	closedir(dir);
}

void fixtures_load(void)
{
	char path[80];

	if (fixtures == 0)
		read_all();
	for (int i = 0; i < fixtures; i++) {
		snprintf(path, sizeof path, "/test/%.63s", fixture[i].name);
		sim_file_set(path, fixture[i].bytes, fixture[i].len);
	}
}

const char *fixture_find(const char *name, size_t *len)
{
	for (int i = 0; i < fixtures; i++)
		if (strcmp(fixture[i].name, name) == 0) {
			*len = fixture[i].len;
			return fixture[i].bytes;
		}
	return NULL;
}
