// SPDX-License-Identifier: GPL-2.0
#include <linux/vmalloc.h>
#include "zoo.h"

static noinline void zoo_wild_write_leaf(char *buffer, unsigned long length)
{
	WRITE_ONCE(buffer[length], 1);
}

int zoo_wild_write(void)
{
	char *buffer = vmalloc(PAGE_SIZE);

	if (!buffer)
		return -ENOMEM;
	zoo_here();
	zoo_wild_write_leaf(buffer, PAGE_SIZE); /* a page that is never mapped guards the end */
	vfree(buffer);
	return 0;
}
