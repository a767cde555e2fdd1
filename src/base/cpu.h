/*
 * What this processor can do beyond what the build asks for. A function marked CPU_AVX2 may be
 * called only where cpu_has_avx2 said yes; on other processors than x86-64 the mark is empty.
 */
#ifndef BASE_CPU_H
#define BASE_CPU_H

#include <stdbool.h>

#ifdef __x86_64__
#define CPU_AVX2 __attribute__((target("avx2")))
#define CPU_LOOK_AVX2 (__builtin_cpu_supports("avx2") != 0)
#else
#define CPU_AVX2
#define CPU_LOOK_AVX2 false
#endif

/* Whether processor and kernel carry AVX2. Found out once, before main: asking costs a load. */
bool cpu_has_avx2(void);

#endif
