// SPDX-License-Identifier: GPL-2.0
#include "zoo.h"

static u8 zoo_no_code[64] = { 0xc3 };

static noinline int zoo_exec_nx_leaf(void)
{
	int (*data)(void) = (void *)&zoo_no_code[zoo_zero];

	zoo_here();
	return data() + 1;
}

int zoo_exec_nx(void)
{
	return zoo_exec_nx_leaf();
}
