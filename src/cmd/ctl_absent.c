/* Placeholders for subcommands that a build leaves out; the real ones take their place. */
#include "cmd/ctl.h"

#define ABSENT(name)                                                                               \
	__attribute__((weak)) int name(struct ctl *c, int argc, char **argv)                       \
	{                                                                                          \
		(void)argc;                                                                        \
		(void)argv;                                                                        \
		return ctl_fail(c, CTL_FAILED, "this build does not have the command", "");        \
	}

ABSENT(ctl_diagnose)
ABSENT(ctl_check)
ABSENT(ctl_listeners)
