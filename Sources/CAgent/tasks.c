#include "CAgent.h"

/* Of the Swift runtime (libswift_Concurrency). */
extern void *swift_task_enqueueGlobal_hook;

static postern_enqueue enqueue_job;

/* original: what the runtime would have done. */
__attribute__((swiftcall)) static void take(void *job, void *original) {
    (void)original;
    enqueue_job(job);
}

void postern_take_over_tasks(postern_enqueue enqueue) {
    enqueue_job = enqueue;
    swift_task_enqueueGlobal_hook = (void *)take;
}
