// SPDX-License-Identifier: GPL-2.0
#include "zoo.h"

static noinline void zoo_bug_leaf(unsigned long count)
{
	BUG_ON(count == 0);
}

int zoo_bug(void)
{
	zoo_here();
	zoo_bug_leaf(zoo_zero);
	return 0;
}
