// SPDX-License-Identifier: GPL-2.0
#include "zoo.h"

static noinline void zoo_fill(volatile char *to, unsigned long length)
{
	while (length--)
		*to++ = 'Z';
}

static noinline char zoo_stack_smash_leaf(unsigned long length)
{
	char buffer[16];

	zoo_fill(buffer, length);
	return READ_ONCE(buffer[3]);
}

int zoo_stack_smash(void)
{
	zoo_here();
	return zoo_stack_smash_leaf(96 + zoo_zero);
}
