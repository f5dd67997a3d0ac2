// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include "zoo.h"

static noinline u64 zoo_user_deref_leaf(const u64 *from_user)
{
	return READ_ONCE(*from_user);
}

int zoo_user_deref(void)
{
	zoo_here();
	return (int)zoo_user_deref_leaf((const u64 *)(current->mm->start_stack & ~7UL)) + 1;
}
