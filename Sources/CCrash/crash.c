#define _GNU_SOURCE
#include "CCrash.h"

#include <execinfo.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>

enum { MODULE_LIMIT = 96, NAME_LIMIT = 48, FRAME_LIMIT = 48, ALTERNATE_STACK = 64 * 1024 };

/* A loaded file, as of when the reports were set up: what is loaded later is shown by its bare address. */
struct module {
    char name[NAME_LIMIT];
    uintptr_t base, start, end;
};

static struct module modules[MODULE_LIMIT];
static int module_count;
static char program_name[NAME_LIMIT];
static const char *priority = "";
static int claimed;
static volatile sig_atomic_t is_unwinding;
static pthread_t reporter;
static sigjmp_buf unwinding_failed;

/* The line under construction. Static because the stack may be short; a single thread has claimed it. */
static char line[4000];
static size_t length;

static void put(const char *text) {
    while (*text && length < sizeof line - 1) line[length++] = *text++;
}

static void put_number(uintptr_t value, unsigned radix) {
    char digits[24];
    size_t count = 0;
    do digits[count++] = "0123456789abcdef"[value % radix];
    while ((value /= radix) > 0);
    while (count > 0 && length < sizeof line - 1) line[length++] = digits[--count];
}

static void put_address(uintptr_t address) {
    for (int i = 0; i < module_count; i++)
        if (address >= modules[i].start && address < modules[i].end) {
            put(modules[i].name);
            put("+0x");
            put_number(address - modules[i].base, 16);
            return;
        }
    put("0x");
    put_number(address, 16);
}

static const struct {
    int number;
    const char *name;
} crashes[] = {{SIGQUIT, "SIGQUIT"}, {SIGILL, "SIGILL"}, {SIGTRAP, "SIGTRAP"}, {SIGABRT, "SIGABRT"},
               {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"}, {SIGSEGV, "SIGSEGV"}, {SIGSYS, "SIGSYS"}};

static uintptr_t program_counter(const void *context) {
#if defined(__x86_64__)
    return (uintptr_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (uintptr_t)((const ucontext_t *)context)->uc_mcontext.pc;
#else
    return 0;
#endif
}

static void put_calls(const void *context) {
    static void *frames[FRAME_LIMIT];
    const uintptr_t crashed_at = program_counter(context);
    put_address(crashed_at);
    /* Where the stack is damaged, so is what follows it: that second fault comes back here. */
    if (sigsetjmp(unwinding_failed, 0) != 0) {
        put(" ...");
        return;
    }
    is_unwinding = 1;
    const int count = backtrace(frames, FRAME_LIMIT);
    is_unwinding = 0;
    /* First come this function, the handler and what the kernel has put between it and the crash. */
    int first = 0;
    for (int i = 0; i < count; i++)
        if ((uintptr_t)frames[i] == crashed_at) {
            first = i + 1;
            break;
        }
    for (int i = first; i < count; i++) {
        /* The address of a call is before the one that it returns to. */
        const uintptr_t address = (uintptr_t)frames[i];
        if (address == 0) break;
        put(" ");
        put_address(address - 1);
    }
}

static void report(int number, const siginfo_t *info, const void *context) {
    put(priority);
    put(program_name);
    put(": crashed: ");
    for (unsigned i = 0; i < sizeof crashes / sizeof *crashes; i++)
        if (crashes[i].number == number) put(crashes[i].name);
    put(" (");
    put_number((uintptr_t)number, 10);
    put("), code ");
    if (info->si_code < 0) put("-");
    put_number((uintptr_t)(info->si_code < 0 ? -(long)info->si_code : info->si_code), 10);
    if (info->si_code <= 0) { /* kill(2), tgkill(2) and the like: no fault */
        put(", sent by process ");
        put_number((uintptr_t)info->si_pid, 10);
    } else {
        put(", address 0x");
        put_number((uintptr_t)info->si_addr, 16);
    }
    put(", at: ");
    put_calls(context);
    if (module_count > 0) {
        put("; loaded at 0x");
        put_number(modules[0].base, 16);
    }
    put("\n");
    /* One that cannot be written cannot be complained about. */
    if (write(STDERR_FILENO, line, length) < 0) return;
}

static void crash(int number, siginfo_t *info, void *context) {
    if (is_unwinding && pthread_equal(pthread_self(), reporter)) {
        is_unwinding = 0;
        siglongjmp(unwinding_failed, 1);
    }
    /* What crashes besides, in this thread or another, is ended by the first. */
    if (__atomic_exchange_n(&claimed, 1, __ATOMIC_SEQ_CST) == 0) {
        reporter = pthread_self();
        report(number, info, context);
    } else if (!pthread_equal(pthread_self(), reporter)) {
        poll(NULL, 0, 1000);
    }
    signal(number, SIG_DFL);
    raise(number);
}

static int note(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size;
    (void)unused;
    if (module_count == MODULE_LIMIT) return 1;
    struct module *module = &modules[module_count];
    char own[512] = "";
    const char *path = info->dlpi_name;
    if (module_count == 0) { /* the program itself has no name here (dl_iterate_phdr(3)) */
        const ssize_t count = readlink("/proc/self/exe", own, sizeof own - 1);
        own[count < 0 ? 0 : count] = 0;
        path = own;
    }
    const char *slash = strrchr(path, '/');
    snprintf(module->name, sizeof module->name, "%s", slash ? slash + 1 : path);
    module->base = info->dlpi_addr;
    module->start = UINTPTR_MAX;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD) continue;
        const uintptr_t start = info->dlpi_addr + part->p_vaddr;
        if (start < module->start) module->start = start;
        if (start + part->p_memsz > module->end) module->end = start + part->p_memsz;
    }
    module_count++;
    return 0;
}

static int is_journal(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat file;
    char own[64];
    if (!stream || fstat(STDERR_FILENO, &file) != 0) return 0;
    snprintf(own, sizeof own, "%ju:%ju", (uintmax_t)file.st_dev, (uintmax_t)file.st_ino);
    return strcmp(stream, own) == 0;
}

void postern_report_stack_overflow(void) {
    const stack_t stack = {
        .ss_sp = mmap(NULL, ALTERNATE_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
        .ss_size = ALTERNATE_STACK};
    if (stack.ss_sp != MAP_FAILED) sigaltstack(&stack, NULL);
}

void postern_take_sent_crashes(int takes) {
    sigset_t sent;
    sigemptyset(&sent);
    sigaddset(&sent, SIGABRT);
    sigaddset(&sent, SIGQUIT);
    pthread_sigmask(takes ? SIG_UNBLOCK : SIG_BLOCK, &sent, NULL);
}

int postern_report_crashes(const char *program) {
    void *frame;
    snprintf(program_name, sizeof program_name, "%s", program);
    priority = is_journal() ? "<2>" : "";
    /* The first call loads the unwinder, which no signal handler may do (backtrace(3)). */
    backtrace(&frame, 1);
    dl_iterate_phdr(note, NULL);
    postern_report_stack_overflow();
    /* Not deferred: a fault in the handler would end the process at once. */
    struct sigaction action = {.sa_sigaction = crash, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    for (unsigned i = 0; i < sizeof crashes / sizeof *crashes; i++)
        if (sigaction(crashes[i].number, &action, NULL) != 0) return -1;
    return 0;
}
