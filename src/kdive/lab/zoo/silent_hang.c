// SPDX-License-Identifier: GPL-2.0
#include <linux/stop_machine.h>
#include "zoo.h"

static noinline void zoo_silent_leaf(void)
{
	while (!zoo_zero)
		cpu_relax();
}

static noinline int zoo_silent_fn(void *data)
{
	zoo_silent_leaf();
	return 0;
}

int zoo_silent_hang(void)
{
	zoo_here();
	return stop_machine(zoo_silent_fn, NULL, cpu_online_mask);
}
