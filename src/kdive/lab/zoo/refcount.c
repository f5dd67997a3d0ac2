// SPDX-License-Identifier: GPL-2.0
#include <linux/refcount.h>
#include "zoo.h"

static refcount_t zoo_references = REFCOUNT_INIT(0);

static noinline void zoo_refcount_leaf(refcount_t *references)
{
	refcount_inc(references);
}

int zoo_refcount(void)
{
	zoo_here();
	zoo_refcount_leaf(&zoo_references);
	return 0;
}
