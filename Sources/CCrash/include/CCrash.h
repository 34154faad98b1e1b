#pragma once

/* Has a crash say where and why: one line on standard error with the signal, who sent it or the address at fault, and the addresses of the calls that
   led there, each as the file that is loaded and the offset in it, as addr2line(1) and llvm-symbolizer take it; nothing of what lies in memory. Then the
   signal has its default effect, so that whoever waits for the process sees what it would have seen (wait(2)). In C because a signal handler may
   call few functions (signal-safety(7)) and Swift's runtime calls others.

   program: what the line begins with.
   Where standard error is the journal (systemd.exec(5), JOURNAL_STREAM) the line has the priority "critical" (sd-daemon(3)).
   Returns 0, or -1 with errno. To be called before there are other threads. */
int postern_report_crashes(const char *program);

/* Gives the calling thread a stack of its own for the report, without which an overflow of its stack ends the process without a line
   (sigaltstack(2)). The thread that called postern_report_crashes has one. For threads that last as long as the process: it is not given back. */
void postern_report_stack_overflow(void);

/* Whether the calling thread, and those that it starts, may be the one on which another process's SIGABRT or SIGQUIT is reported: systemd's watchdog sends
   the one (systemd.service(5), WatchdogSec=), a person the other. Left to one thread alone, the report shows where that one is, and it does
   nothing any more while the report is written. */
void postern_take_sent_crashes(int takes);
