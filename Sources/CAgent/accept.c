#define _GNU_SOURCE
#include "CAgent.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int postern_accept(int listener, uid_t *user) {
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
    *user = peer.uid;
    return client;
}
