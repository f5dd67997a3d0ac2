// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>
#include "zoo.h"

static struct kmem_cache *zoo_uaf_cache;

static noinline void zoo_uaf_write_leaf(struct zoo_object *object)
{
	kmem_cache_free(zoo_uaf_cache, object);
	WRITE_ONCE(object->value, 0x2a);
}

static noinline struct zoo_object *zoo_uaf_next(void)
{
	return kmem_cache_alloc(zoo_uaf_cache, GFP_KERNEL);
}

int zoo_uaf_write(void)
{
	zoo_uaf_cache = kmem_cache_create("zoo_uaf", sizeof(struct zoo_object), 0, 0, NULL);
	zoo_here();
	zoo_uaf_write_leaf(zoo_uaf_next());
	return zoo_uaf_next() ? 0 : -ENOMEM;
}
