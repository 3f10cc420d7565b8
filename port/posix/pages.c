/*
 * pages.c - code that only the start needed is unmapped from memory: the reader of configurations,
 * the dynamic linker's tables, in the parent nearly everything. What is needed again comes back
 * from its file, page by page.
 */
#include "posix.h"

#include <link.h>
#include <sys/mman.h>

/* Only whole pages of segments that nothing was ever written to. */
static PORT_IDLE int give_back(struct dl_phdr_info *object, size_t size, void *context)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)context;
	/* From the end: the headers themselves stand in the first segment. */
	for (size_t i = object->dlpi_phnum; i-- > 0;) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		uintptr_t begin = object->dlpi_addr + segment->p_vaddr;
		uintptr_t end = (begin + segment->p_memsz) & ~(page - 1);

		begin = (begin + page - 1) & ~(page - 1);
		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0 && begin < end)
			(void)madvise((void *)begin, end - begin, MADV_DONTNEED);
	}
	return 0;
}

PORT_IDLE void posix_pages_give_back(void)
{
	(void)dl_iterate_phdr(give_back, NULL);
}
