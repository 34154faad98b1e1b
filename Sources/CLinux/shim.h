#pragma once

#include <linux/memfd.h>
#include <linux/rtnetlink.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>

/* Swift cannot call a variadic function, and prctl(2) is one. */
static inline int postern_set_dumpable(int dumpable) {
    return prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0);
}

/* What <fcntl.h> and newer kernels' <linux/memfd.h> define, the former for _GNU_SOURCE alone (memfd_create(2),
   fcntl(2)). */
enum {
    POSTERN_F_ADD_SEALS = 1033,
    POSTERN_F_SEAL_ALL = 0x0001 | 0x0002 | 0x0004 | 0x0008, /* SEAL, SHRINK, GROW, WRITE */
    POSTERN_MFD_NOEXEC_SEAL = 0x0008,                       /* Linux 6.3 */
};

/* glibc declares these (closefrom since 2.34) for _GNU_SOURCE alone, which Swift's importer does not define. */
int memfd_create(const char *name, unsigned int flags);
int pipe2(int ends[2], int flags);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
