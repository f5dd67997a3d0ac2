// SPDX-License-Identifier: GPL-2.0
#include "zoo.h"

static noinline unsigned long zoo_stack_overflow_leaf(unsigned long depth)
{
	volatile unsigned long room[16];

	if (zoo_zero) /* never, or the compiler would call it an endless recursion */
		return depth;
	room[depth % 16] = depth;
	return zoo_stack_overflow_leaf(depth + 1) + room[depth % 16];
}

int zoo_stack_overflow(void)
{
	zoo_here();
	return (int)zoo_stack_overflow_leaf(zoo_zero);
}
