// SPDX-License-Identifier: GPL-2.0
#include "zoo.h"

static noinline void zoo_panic_leaf(void)
{
	zoo_here();
	panic("crashzoo: stopped on purpose");
}

int zoo_panic(void)
{
	zoo_panic_leaf();
	return 0;
}
