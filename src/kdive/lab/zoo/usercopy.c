// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "zoo.h"

static noinline unsigned long zoo_usercopy_leaf(void __user *to, const void *from, unsigned long length)
{
	return copy_to_user(to, from, length);
}

int zoo_usercopy(void)
{
	void *object = kmalloc(64, GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	zoo_here();
	return (int)zoo_usercopy_leaf((void __user *)current->mm->start_stack, object, 512 + zoo_zero);
}
