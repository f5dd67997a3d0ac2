// SPDX-License-Identifier: GPL-2.0
#include "zoo.h"

static const unsigned long zoo_constant[8] = { 1, 2, 3 };

static noinline void zoo_ro_write_leaf(unsigned long *to)
{
	WRITE_ONCE(*to, 4);
}

int zoo_ro_write(void)
{
	zoo_here();
	zoo_ro_write_leaf((unsigned long *)&zoo_constant[zoo_zero]);
	return 0;
}
