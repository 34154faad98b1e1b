#define _GNU_SOURCE
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* Every block of memory is overwritten when it is freed, whoever allocated it: the answers, requests and records that tokens come in are copied by Swift's
   strings, Foundation, NIO, BoringSSL, GLib and libsecret, of which none but BoringSSL overwrites what it frees. A program may replace these functions for itself
   and all its libraries (GNU C Library manual, "Replacing malloc"); the manual has it replace all of them, but what these two leave to glibc is glibc's own.
   glibc's own way, M_PERTURB (mallopt(3)), does not reach the blocks that each thread keeps for itself. */

extern void *__libc_malloc(size_t size);
extern void __libc_free(void *block);

void free(void *block) {
    if (block == NULL) return;
    explicit_bzero(block, malloc_usable_size(block));
    __libc_free(block);
}

/* glibc's would free the old block where a larger one lies elsewhere, without free above. */
void *realloc(void *block, size_t size) {
    if (block == NULL) return __libc_malloc(size);
    if (size == 0) {
        free(block);
        return NULL;
    }
    const size_t room = malloc_usable_size(block);
    if (size <= room && size >= room / 2) return block;
    void *moved = __libc_malloc(size);
    if (moved == NULL) return NULL;
    memcpy(moved, block, size < room ? size : room);
    free(block);
    return moved;
}
