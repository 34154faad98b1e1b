#pragma once

#include <spawn.h>
#include <sys/prctl.h>

/* Swift cannot call a variadic function, and prctl(2) is one. */
static inline int postern_set_dumpable(int dumpable) {
    return prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0);
}

/* glibc declares these (the second since 2.34) for _GNU_SOURCE alone, which Swift's importer does not define. */
int pipe2(int ends[2], int flags);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
