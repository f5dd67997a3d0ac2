// SPDX-License-Identifier: GPL-2.0
#include "zoo.h"

static noinline u64 zoo_gpf_leaf(const struct zoo_object *object)
{
	return READ_ONCE(object->value);
}

int zoo_gpf(void)
{
	zoo_here();
	return (int)zoo_gpf_leaf((void *)(0x7a6f6f7a6f6f7a00UL + zoo_zero)) + 1;
}
