#define _GNU_SOURCE
#include "CSecrets.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Blocks are cut from chunks that are locked, by size in steps of 64 bytes, and one that is given back waits for the next of its size. A tenant's tokens are of a
   few sizes, of a kilobyte or so; with pages of its own each would take four times as much of the limit, which is 8 MiB for a user of Debian. */
enum { STEP = 64, CHUNK = 64 * 1024, SIZES = POSTERN_LOCKED_MAX / STEP };

struct block {
    struct block *next;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct block *waiting[SIZES]; /* of (index + 1) * STEP bytes each */
static char *rest;                   /* of the newest chunk, which begins at a multiple of STEP */
static size_t rest_size;
static struct postern_locks locks;

static void keep(void *memory, size_t index) {
    struct block *block = memory;
    block->next = waiting[index];
    waiting[index] = block;
}

static void begin_chunk(void) {
    if (rest_size > 0) keep(rest, rest_size / STEP - 1);
    rest = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (rest == MAP_FAILED) abort();
    rest_size = CHUNK;
    if (locks.refusal) return; /* The limit does not grow. */
    if (mlock(rest, CHUNK) == 0)
        locks.bytes += CHUNK;
    else
        locks.refusal = errno;
}

void *postern_secret_alloc(size_t size) {
    if (size > POSTERN_LOCKED_MAX) {
        void *memory = malloc(size);
        if (memory == NULL) abort();
        return memory;
    }
    const size_t index = size == 0 ? 0 : (size - 1) / STEP;
    const size_t whole = (index + 1) * STEP;
    void *memory;
    pthread_mutex_lock(&mutex);
    if (waiting[index] != NULL) {
        memory = waiting[index];
        waiting[index] = waiting[index]->next;
    } else {
        if (rest_size < whole) begin_chunk();
        memory = rest;
        rest += whole;
        rest_size -= whole;
    }
    pthread_mutex_unlock(&mutex);
    return memory;
}

void postern_secret_free(void *memory, size_t size) {
    explicit_bzero(memory, size);
    if (size > POSTERN_LOCKED_MAX) {
        free(memory);
        return;
    }
    pthread_mutex_lock(&mutex);
    keep(memory, size == 0 ? 0 : (size - 1) / STEP);
    pthread_mutex_unlock(&mutex);
}

struct postern_locks postern_locks(void) {
    pthread_mutex_lock(&mutex);
    const struct postern_locks now = locks;
    pthread_mutex_unlock(&mutex);
    return now;
}
