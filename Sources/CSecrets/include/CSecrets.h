#pragma once

/* Memory for secrets, and what becomes of it afterwards. In C because Swift cannot define free(3), and its arrays choose their own memory. */

#include <stddef.h>

/* Memory that is kept from the swap (mlock(2)), as far as the user's limit goes (getrlimit(2), RLIMIT_MEMLOCK); more than POSTERN_LOCKED_MAX bytes are not. What
   it holds at first is not defined. Never NULL: without memory the process ends, as it does where Swift finds none.

   To be given back by postern_secret_free with the same size. Any thread may call either. */
void *postern_secret_alloc(size_t size);

/* Overwrites the memory and gives it back. */
void postern_secret_free(void *memory, size_t size);

enum { POSTERN_LOCKED_MAX = 16384 };

/* What is known of the locks. */
struct postern_locks {
    size_t bytes; /* that are locked */
    int refusal;  /* the errno of mlock(2), from when the kernel has refused to lock more; 0 before */
};
struct postern_locks postern_locks(void);
