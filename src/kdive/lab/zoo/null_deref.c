// SPDX-License-Identifier: GPL-2.0
#include "zoo.h"

static noinline u64 zoo_null_deref_leaf(const struct zoo_object *object)
{
	return READ_ONCE(object->value);
}

static noinline u64 zoo_null_deref_outer(void)
{
	zoo_here();
	return zoo_null_deref_leaf((void *)zoo_zero) + 1;
}

int zoo_null_deref(void)
{
	return (int)zoo_null_deref_outer();
}
