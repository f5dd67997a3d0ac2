// SPDX-License-Identifier: GPL-2.0
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/rwsem.h>
#include "zoo.h"

static DECLARE_RWSEM(zoo_rwsem);

static noinline void zoo_rwsem_holder_leaf(void)
{
	for (;;)
		msleep_interruptible(100000);
}

static noinline int zoo_rwsem_holder_fn(void *data)
{
	down_write(&zoo_rwsem);
	zoo_here();
	zoo_rwsem_holder_leaf();
	up_write(&zoo_rwsem);
	return 0;
}

static noinline int zoo_rwsem_waiter_fn(void *data)
{
	msleep(300);
	down_write(&zoo_rwsem);
	up_write(&zoo_rwsem);
	return 0;
}

int zoo_rwsem_wait(void)
{
	struct task_struct *holder = kthread_run(zoo_rwsem_holder_fn, NULL, "zoo_holder");

	if (IS_ERR(holder))
		return PTR_ERR(holder);
	return PTR_ERR_OR_ZERO(kthread_run(zoo_rwsem_waiter_fn, NULL, "zoo_waiter"));
}
