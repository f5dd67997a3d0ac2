// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>
#include "zoo.h"

struct zoo_operations {
	u64 padding[4];
	int (*run)(void);
	u64 more[4];
};

static noinline int zoo_uaf_call_leaf(const struct zoo_operations *operations)
{
	zoo_here();
	return operations->run() + 1;
}

int zoo_uaf_call(void)
{
	struct zoo_operations *operations = kzalloc(sizeof(*operations), GFP_KERNEL);

	if (!operations)
		return -ENOMEM;
	kfree(operations);
	OPTIMIZER_HIDE_VAR(operations);
	return zoo_uaf_call_leaf(operations);
}
