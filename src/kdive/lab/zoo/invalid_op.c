// SPDX-License-Identifier: GPL-2.0
#include "zoo.h"

static noinline void zoo_invalid_op_leaf(void)
{
#ifdef CONFIG_X86
	asm volatile(".byte 0xf0, 0x01, 0xc0"); /* lock add %eax, %eax: a register cannot be locked */
#else
	asm volatile(".inst 0x0000dead"); /* udf */
#endif
}

int zoo_invalid_op(void)
{
	zoo_here();
	zoo_invalid_op_leaf();
	return 0;
}
