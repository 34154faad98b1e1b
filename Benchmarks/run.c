/* Runs a command over and over and prints how long each run took, from before the fork to after the exit, as a JSON list of microseconds.
 *
 * usage: run COUNT COMMAND [ARGUMENT...]
 *
 * A run that fails ends it all: failures must not be counted as speed. Standard output of the runs is dropped. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

int main(int argc, char **argv) {
    if (argc < 3) return 64;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    for (int i = 0, count = atoi(argv[1]); i < count; i++) {
        pid_t process;
        int status;
        double start = now();
        if (posix_spawnp(&process, argv[2], &actions, NULL, argv + 2, environ) != 0) {
            perror(argv[2]);
            return 1;
        }
        if (waitpid(process, &status, 0) != process || status != 0) {
            fprintf(stderr, "run: %s failed (wait status %d)\n", argv[2], status);
            return 1;
        }
        printf("%s%.1f", i == 0 ? "[" : ", ", now() - start);
    }
    puts("]");
    return 0;
}
