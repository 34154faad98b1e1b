/* Asks a server over and over, and prints how long each answer took, or how many came a second, as JSON.
 *
 * usage: load new COUNT SOCKET REQUEST           a connection for each request, one after the other
 *        load kept COUNT SOCKET REQUEST          one connection, one request after the other
 *        load rate SECONDS SOCKET REQUEST CONNECTIONS DEPTH
 *                                                DEPTH requests under way on each connection at any time
 *        load storm COUNT SOCKET REQUEST         COUNT connections, one request each, all at once
 *
 * REQUEST is one line of JSON without its newline. Times are microseconds. An answer with "error" in it ends the run:
 * failures must not be counted as speed. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static char *request;
static size_t request_length;
static char answer[1 << 20];

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static int dial(void) {
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0 || connect(s, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    return s;
}

static void ask(int s, int times) {
    for (int i = 0; i < times; i++)
        if (write(s, request, request_length) != (ssize_t)request_length) fail("write");
}

static void check(size_t length) {
    if (memmem(answer, length, "\"error\":", 8) == NULL) return;
    fprintf(stderr, "load: %.*s", (int)length, answer);
    exit(1);
}

/* Reads one answer, which is the only one under way. A server that closes the connection after it need not end it with a newline. */
static void hear(int s) {
    size_t length = 0;
    do {
        ssize_t count = read(s, answer + length, sizeof answer - length);
        if (count < 0 || (count == 0 && length == 0)) fail("read");
        if (count == 0) break;
        length += count;
    } while (answer[length - 1] != '\n');
    check(length);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_times(double *times, int count) {
    qsort(times, count, sizeof *times, ascending);
    printf("{\"p50\": %.2f, \"p99\": %.2f, \"max\": %.2f}\n", times[count / 2], times[count * 99 / 100], times[count - 1]);
}

static void one_by_one(int count, int is_kept) {
    double *times = calloc(count, sizeof *times);
    int s = is_kept ? dial() : -1;
    for (int i = 0; i < count; i++) {
        double start = now();
        if (!is_kept) s = dial();
        ask(s, 1);
        hear(s);
        if (!is_kept) close(s);
        times[i] = now() - start;
    }
    print_times(times, count);
}

static void storm(int count) {
    double *times = calloc(count, sizeof *times);
    int *sockets = calloc(count, sizeof *sockets);
    for (int i = 0; i < count; i++) sockets[i] = dial();
    double start = now();
    for (int i = 0; i < count; i++) ask(sockets[i], 1);
    for (int i = 0; i < count; i++) {
        hear(sockets[i]);
        times[i] = now() - start;
    }
    print_times(times, count);
}

/* As many requests as answers are sent again, in one write. */
static void rate(double seconds, int connections, int depth) {
    char *burst = malloc(depth * request_length);
    int poll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < depth; i++) memcpy(burst + i * request_length, request, request_length);
    for (int i = 0; i < connections; i++) {
        int s = dial();
        ask(s, 1);
        hear(s);
        ask(s, depth);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = s};
        epoll_ctl(poll, EPOLL_CTL_ADD, s, &event);
    }
    double start = now(), end = start + seconds * 1e6;
    long answers = 0;
    while (now() < end) {
        struct epoll_event events[256];
        int count = epoll_wait(poll, events, 256, 1000);
        for (int i = 0; i < count; i++) {
            ssize_t length = read(events[i].data.fd, answer, sizeof answer);
            if (length <= 0) fail("read");
            int lines = 0;
            for (char *p = answer; (p = memchr(p, '\n', answer + length - p)) != NULL; p++) lines++;
            answers += lines;
            if (lines > depth) fail("more answers than requests");
            if (write(events[i].data.fd, burst, lines * request_length) != (ssize_t)(lines * request_length)) fail("write");
        }
    }
    printf("{\"rate\": %.0f}\n", answers / ((now() - start) / 1e6));
}

int main(int argc, char **argv) {
    if (argc < 5 || strlen(argv[3]) >= sizeof address.sun_path) return 64;
    strcpy(address.sun_path, argv[3]);
    request_length = strlen(argv[4]) + 1;
    request = malloc(request_length + 1);
    sprintf(request, "%s\n", argv[4]);
    if (strcmp(argv[1], "rate") == 0 && argc == 7) {
        rate(atof(argv[2]), atoi(argv[5]), atoi(argv[6]));
    } else if (strcmp(argv[1], "storm") == 0) {
        storm(atoi(argv[2]));
    } else {
        one_by_one(atoi(argv[2]), strcmp(argv[1], "kept") == 0);
    }
    return 0;
}
