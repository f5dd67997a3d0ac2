// SPDX-License-Identifier: GPL-2.0
#include <linux/delay.h>
#include <linux/spinlock.h>
#include "zoo.h"

static DEFINE_SPINLOCK(zoo_sleep_lock);

static noinline void zoo_sleep_leaf(void)
{
	/* With _bh: a kernel that is never preempted does not count plain spinlocks, and so would not notice. */
	spin_lock_bh(&zoo_sleep_lock);
	zoo_here();
	msleep(50);
	spin_unlock_bh(&zoo_sleep_lock);
}

int zoo_sleep_in_atomic(void)
{
	zoo_sleep_leaf();
	return 0;
}
