// SPDX-License-Identifier: GPL-2.0
#include <linux/sched.h>
#include <linux/slab.h>
#include "zoo.h"

static struct kmem_cache *zoo_leak_cache;

static noinline int zoo_oom_slab_leaf(void)
{
	return kmem_cache_alloc(zoo_leak_cache, GFP_KERNEL) != NULL;
}

int zoo_oom_slab(void)
{
	zoo_leak_cache = kmem_cache_create("zoo_leak", 512, 0, 0, NULL);
	zoo_here();
	while (zoo_oom_slab_leaf())
		cond_resched();
	return -ENOMEM;
}
