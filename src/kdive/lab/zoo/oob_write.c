// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>
#include "zoo.h"

static noinline u8 *zoo_oob_write_leaf(unsigned long length)
{
	u8 *buffer = kmalloc(64, GFP_KERNEL);
	unsigned long at;

	for (at = 0; buffer && at < length; at++)
		WRITE_ONCE(buffer[at], 'Z');
	return buffer;
}

static noinline void zoo_oob_free(u8 *buffer)
{
	kfree(buffer);
}

int zoo_oob_write(void)
{
	zoo_here();
	zoo_oob_free(zoo_oob_write_leaf(72 + zoo_zero));
	return 0;
}
