// SPDX-License-Identifier: GPL-2.0
#include <linux/vmalloc.h>
#include "zoo.h"

static noinline u64 zoo_wild_read_leaf(const struct zoo_object *object)
{
	return READ_ONCE(object->value);
}

int zoo_wild_read(void)
{
	struct zoo_object *object = vmalloc(PAGE_SIZE);

	if (!object)
		return -ENOMEM;
	vfree(object);
	zoo_here();
	return (int)zoo_wild_read_leaf(object) + 1;
}
