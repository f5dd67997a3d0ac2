// SPDX-License-Identifier: GPL-2.0
#include <linux/gfp.h>
#include "zoo.h"

static noinline int zoo_oom_leak_leaf(void)
{
	return alloc_pages(GFP_KERNEL, 0) != NULL;
}

int zoo_oom_leak(void)
{
	zoo_here();
	while (zoo_oom_leak_leaf())
		cond_resched();
	return -ENOMEM;
}
