#pragma once

#include <stddef.h>
#include <stdint.h>

/* compiler-rt installs no header with this (LLVM, "Using libFuzzer as a library"). The program has a main of its own, because SwiftPM
   links each with main as another name for one of Swift's. */
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *data, size_t size));
