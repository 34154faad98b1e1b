/* The floor for a client: connects, asks for a token, prints it and ends. It checks nothing that it can do without.
 * usage: client SOCKET */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv) {
    static const char request[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"token.get\"}\n";
    static const char member[] = "\"access_token\":\"";
    static char answer[65536];
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path) return 64;
    strcpy(address.sun_path, argv[1]);
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0 || connect(s, (struct sockaddr *)&address, sizeof address) != 0) return 69;
    if (write(s, request, sizeof request - 1) != sizeof request - 1) return 69;

    size_t length = 0;
    while (memchr(answer, '\n', length) == NULL) {
        ssize_t count = read(s, answer + length, sizeof answer - 1 - length);
        if (count <= 0) return 69;
        length += count;
    }
    char *token = strstr(answer, member);
    if (token == NULL) return 77;
    token += sizeof member - 1;
    char *end = strchr(token, '"');
    if (end == NULL) return 76;
    *end = '\n';
    return write(STDOUT_FILENO, token, end + 1 - token) < 0 ? 74 : 0;
}
