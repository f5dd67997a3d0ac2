// SPDX-License-Identifier: GPL-2.0
#include "zoo.h"

static noinline int zoo_null_call_leaf(void)
{
	int (*never_set)(int) = (void *)zoo_zero;

	zoo_here();
	return never_set(1) + 1;
}

int zoo_null_call(void)
{
	return zoo_null_call_leaf();
}
