#pragma once

#include <linux/memfd.h>
#include <linux/rtnetlink.h>
#include <malloc.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/timerfd.h>

/* Keeps this process's memory from whoever is not root: no process of the same user may read it or attach a debugger (prctl(2),
   PR_SET_DUMPABLE), no core is dumped, and Swift's runtime catches no crash: its backtracer, where it is installed, would print what
   lies in memory, or, because it may not read it, let a SIGABRT pass that was sent, such as that of systemd's watchdog. What a
   crash has to say is said by CCrash, which is set up after this.
   Returns 0, or -1 with errno.

   Here because the daemon and its keyring worker share it and know nothing of each other; in C because Swift cannot call a
   variadic function, and prctl(2) is one. */
static inline int postern_hide_memory(void) {
    static const int crashes[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV};
    for (unsigned i = 0; i < sizeof crashes / sizeof *crashes; i++)
        if (signal(crashes[i], SIG_DFL) == SIG_ERR)
            return -1;
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0)
        return -1;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
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
