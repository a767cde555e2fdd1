/* What this processor can do. See cpu.h. */
#include "base/cpu.h"

bool
cpu_has_avx2(void)
{
	return CPU_LOOK_AVX2;
}
