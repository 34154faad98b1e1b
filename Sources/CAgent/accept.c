#define _GNU_SOURCE
#include "CAgent.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* asm-generic/socket.h, since Linux 6.5; Debian 12's headers are older */
#endif

int postern_accept(int listener, struct postern_peer *who) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) return -1;
    if (getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        int reason = errno;
        close(client);
        errno = reason;
        return -1;
    }
    *who = (struct postern_peer){.process = peer.pid, .user = peer.uid};
    return client;
}

int postern_peer_process(int client) {
    int process = -1;
    socklen_t size = sizeof process;
    return getsockopt(client, SOL_SOCKET, SO_PEERPIDFD, &process, &size) == 0 ? process : -1;
}
