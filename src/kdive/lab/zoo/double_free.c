// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>
#include "zoo.h"

static noinline void zoo_double_free_leaf(void *object)
{
	kfree(object);
	zoo_here();
	OPTIMIZER_HIDE_VAR(object);
	kfree(object);
}

int zoo_double_free(void)
{
	zoo_double_free_leaf(kmalloc(256, GFP_KERNEL));
	return 0;
}
