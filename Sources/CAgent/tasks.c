#include "CAgent.h"

#define SWIFT_CONVENTION __attribute__((swiftcall))

extern void *swift_task_enqueueGlobal_hook;
extern void *swift_task_enqueueGlobalWithDelay_hook;
extern void *swift_task_enqueueGlobalWithDeadline_hook;

static postern_enqueue enqueue_job;
static postern_enqueue_after enqueue_job_after;
static postern_enqueue_at enqueue_job_at;

SWIFT_CONVENTION static void take(void *job, void *original) {
    (void)original;
    enqueue_job(job);
}

SWIFT_CONVENTION static void take_delayed(unsigned long long delay, void *job, void *original) {
    (void)original;
    enqueue_job_after(delay, job);
}

/* Swift sends along how late the job may come; here it comes at its time. */
SWIFT_CONVENTION static void take_timed(
    long long seconds, long long nanoseconds, long long tolerance_seconds, long long tolerance_nanoseconds, int clock, void *job, void *original) {
    (void)tolerance_seconds;
    (void)tolerance_nanoseconds;
    (void)original;
    enqueue_job_at(seconds * 1000000000 + nanoseconds, clock, job);
}

void postern_take_over_tasks(postern_enqueue enqueue, postern_enqueue_after after, postern_enqueue_at at) {
    enqueue_job = enqueue;
    enqueue_job_after = after;
    enqueue_job_at = at;
    swift_task_enqueueGlobal_hook = (void *)take;
    swift_task_enqueueGlobalWithDelay_hook = (void *)take_delayed;
    swift_task_enqueueGlobalWithDeadline_hook = (void *)take_timed;
}
