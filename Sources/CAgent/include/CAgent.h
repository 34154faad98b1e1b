#pragma once

/* What the agent does with the system, and with Swift's runtime, that Swift has no words for. */

#include <sys/types.h>

/* What stat(2) tells of a file. In C because Swift takes `struct stat` for a type of whichever module was imported first. */
struct postern_file {
    mode_t mode; /* type and permissions */
    uid_t owner;
    dev_t device;
    ino_t inode;
};

/* Of what a path names, where a symbolic link names itself (lstat(2)), and of an open file (fstat(2)). Return 0, or -1 with errno. */
int postern_lstat(const char *path, struct postern_file *file);
int postern_fstat(int descriptor, struct postern_file *file);

/* Accepts a connection; its socket does not block and is closed on exec (accept4(2)). accept4 and struct ucred are declared for _GNU_SOURCE alone, which
   Swift's importer does not define.

   user: who connected, by the kernel's word (unix(7), SO_PEERCRED).
   Returns the socket, or -1 with errno. */
int postern_accept(int listener, uid_t *user);

/* Takes over the jobs of Swift's tasks that belong to no executor of their own. In C because what does it are function pointers of the calling
   convention "swift", which Swift has no words for.

   These hooks are part of the Swift runtime (swift/Runtime/Concurrency.h, Swift 5.5 to 6.3), not of the language; swift-nio, FoundationDB and
   JavaScriptKit use them too. A runtime without them fails to link. Without this function and the one call of it the agent works as well, on more
   threads. */

typedef void (*postern_enqueue)(void *job);
/* The delay is in nanoseconds. */
typedef void (*postern_enqueue_after)(unsigned long long delay, void *job);
/* The deadline is in nanoseconds, by the clock that counts suspend or by the one that does not. */
typedef void (*postern_enqueue_at)(long long deadline, int clock, void *job);

/* The runtime's numbers for its clocks (swift_clock_id). */
enum {
    POSTERN_CONTINUOUS_CLOCK = 1,
    POSTERN_SUSPENDING_CLOCK = 2,
};

/* Has these functions take all such jobs from now on. To be called before there are any. */
void postern_take_over_tasks(postern_enqueue enqueue, postern_enqueue_after after, postern_enqueue_at at);
