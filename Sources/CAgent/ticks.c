#include "CAgent.h"

#include <time.h>
#include <unistd.h>

uint64_t postern_ticks(void) {
    struct timespec now;
    const long per_second = sysconf(_SC_CLK_TCK);
    if (clock_gettime(CLOCK_BOOTTIME, &now) != 0) return 0;
    return (uint64_t)now.tv_sec * per_second + now.tv_nsec / (1000000000 / per_second) + 1;
}
