#pragma once

/* What the agent does with the system, and with Swift's runtime, that Swift has no words for. */

#include <stdint.h>
#include <sys/types.h>

/* What stat(2) tells of a file. In C because Swift takes `struct stat` for a type of whichever module was imported first. */
struct postern_file {
    mode_t mode; /* type and permissions */
    uid_t owner;
    gid_t group;
    dev_t device;
    ino_t inode;
};

/* Of what a path names, where a symbolic link names itself (lstat(2)), and of an open file (fstat(2)). Return 0, or -1 with errno. */
int postern_lstat(const char *path, struct postern_file *file);
int postern_fstat(int descriptor, struct postern_file *file);

/* Whether an open file has an access control list beside its mode (acl(5)): then the group's permissions are those of whomever the list names, too.
   In C because Swift's module of glibc has no <sys/xattr.h>. */
int postern_has_acl(int descriptor);

/* Who connected, by the kernel's word (unix(7), SO_PEERCRED). */
struct postern_peer {
    pid_t process; /* 0 if it is of a PID namespace that cannot be seen from here */
    uid_t user;
};

/* Accepts a connection; its socket does not block and is closed on exec (accept4(2)). accept4 and struct ucred are declared for _GNU_SOURCE alone, which
   Swift's importer does not define.

   Returns the socket, or -1 with errno. */
int postern_accept(int listener, struct postern_peer *who);

/* A descriptor of the process that connected (SO_PEERPIDFD, Linux 6.5), closed on exec as all such descriptors are (pidfd_open(2)). It means that process for
   ever, whatever becomes of its number.

   Returns -1 with errno if the kernel has none, or the process is gone. */
int postern_peer_process(int client);

/* The time as /proc/PID/stat tells a process's start: clock ticks since the machine's start, rounded up (clock_gettime(2), CLOCK_BOOTTIME). In C because
   Swift takes `struct timespec` for a type of whichever module was imported first. */
uint64_t postern_ticks(void);

typedef void (*postern_enqueue)(void *job);

/* Has this function take the jobs of Swift's tasks that belong to no executor of their own. To be called before there are any.

   In C because what does it is a pointer to a function of the calling convention "swift", which Swift has no words for. The hook is part of the Swift
   runtime (swift/Runtime/Concurrency.h, Swift 5.5 to 6.3), not of the language; swift-nio, FoundationDB and JavaScriptKit use it too. A runtime without
   it fails to link. Without this function and the one call of it the agent works as well, on more threads. */
void postern_take_over_tasks(postern_enqueue enqueue);
