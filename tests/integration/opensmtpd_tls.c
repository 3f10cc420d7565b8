/*
 * Debian 12's OpenSMTPD was written for OpenSSL 1.1: it marks a private key that another process
 * holds by ex data of the RSA object, and OpenSSL 3 signs with a copy of the object, which has none
 * ("missing private key", OpenSMTPD issues 1171 and 1239). Preloaded, this gives the copy the mark
 * of the one key that the tests configure.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

static void *mark;

int RSA_set_ex_data(void *rsa, int index, void *data)
{
	int (*real)(void *, int, void *) = (int (*)(void *, int, void *))dlsym(RTLD_NEXT, "RSA_set_ex_data");

	if (index == 0 && data != NULL) {
		mark = data;
	}
	return real(rsa, index, data);
}

void *RSA_get_ex_data(const void *rsa, int index)
{
	void *(*real)(const void *, int) = (void *(*)(const void *, int))dlsym(RTLD_NEXT, "RSA_get_ex_data");
	void *found = real(rsa, index);

	return found == NULL && index == 0 ? mark : found;
}
