// SPDX-License-Identifier: GPL-2.0
#include "zoo.h"

static noinline void zoo_warn_leaf(unsigned long count)
{
	WARN(count == 0, "crashzoo: the count is %lu\n", count);
}

int zoo_warn(void)
{
	zoo_here();
	zoo_warn_leaf(zoo_zero);
	return 0;
}
