// SPDX-License-Identifier: GPL-2.0
#include <linux/delay.h>
#include <linux/preempt.h>
#include "zoo.h"

static noinline void zoo_sleep_leaf(void)
{
	msleep(50);
}

int zoo_sleep_in_atomic(void)
{
	preempt_disable();
	zoo_here();
	zoo_sleep_leaf();
	preempt_enable();
	return 0;
}
