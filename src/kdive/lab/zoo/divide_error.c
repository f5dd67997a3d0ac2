// SPDX-License-Identifier: GPL-2.0
#include "zoo.h"

static noinline unsigned long zoo_divide_error_leaf(unsigned long by)
{
	return 100 / by;
}

int zoo_divide_error(void)
{
	zoo_here();
	return (int)zoo_divide_error_leaf(zoo_zero);
}
