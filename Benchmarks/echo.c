/* The floor for a server: answers every line that arrives with the same bytes, those of a file. One thread, epoll.
 * usage: echo SOCKET FILE */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { READ_SIZE = 65536 };

struct client {
    int descriptor;
    char *pending;
    size_t length, capacity;
};

static char *reply;
static size_t reply_length;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void read_reply(const char *path) {
    FILE *file = fopen(path, "r");
    if (file == NULL) fail(path);
    reply = malloc(READ_SIZE);
    reply_length = fread(reply, 1, READ_SIZE, file);
    fclose(file);
}

static void drop(struct client *client) {
    close(client->descriptor);
    free(client->pending);
    free(client);
}

/* Returns 0 if the client has gone. */
static int flush(struct client *client) {
    size_t sent = 0;
    while (sent < client->length) {
        ssize_t count = write(client->descriptor, client->pending + sent, client->length - sent);
        if (count < 0 && errno == EAGAIN) break;
        if (count < 0) return 0;
        sent += count;
    }
    memmove(client->pending, client->pending + sent, client->length - sent);
    client->length -= sent;
    return 1;
}

static int serve(struct client *client) {
    static char input[READ_SIZE];
    ssize_t count = read(client->descriptor, input, sizeof input);
    if (count < 0 && errno == EAGAIN) return flush(client);
    if (count <= 0) return 0;
    for (ssize_t i = 0; i < count; i++) {
        if (input[i] != '\n') continue;
        if (client->length + reply_length > client->capacity) {
            client->capacity = 2 * (client->length + reply_length);
            client->pending = realloc(client->pending, client->capacity);
        }
        memcpy(client->pending + client->length, reply, reply_length);
        client->length += reply_length;
    }
    return flush(client);
}

int main(int argc, char **argv) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (argc != 3 || strlen(argv[1]) >= sizeof address.sun_path) return 64;
    read_reply(argv[2]);
    signal(SIGPIPE, SIG_IGN);
    strcpy(address.sun_path, argv[1]);
    unlink(argv[1]);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 4096) != 0)
        fail("listen");
    int poll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[256];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(poll, events, 256, -1);
        for (int i = 0; i < count; i++) {
            struct client *client = events[i].data.ptr;
            if (client != NULL) {
                if (!serve(client)) drop(client);
                continue;
            }
            int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (descriptor < 0) continue;
            client = calloc(1, sizeof *client);
            client->descriptor = descriptor;
            event = (struct epoll_event){.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = client};
            epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event);
        }
    }
}
