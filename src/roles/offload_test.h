/* The test at the start: do super-packets cross a TUN device of this kernel unharmed? */
#ifndef ROLES_OFFLOAD_TEST_H
#define ROLES_OFFLOAD_TEST_H

#include <stddef.h>

/*
 * Tries it in a network namespace of its own, in a process of its own, for at most two seconds.
 * Returns what of `want` (VNET_TCP | VNET_UDP) may be used, with a line for the log in text. Where
 * no namespace may be made nothing can be tried: then the kernel is trusted, and the line says so.
 */
unsigned int offload_test(unsigned int want, char *text, size_t cap);

#endif
