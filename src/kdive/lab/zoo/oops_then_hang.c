// SPDX-License-Identifier: GPL-2.0
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include "zoo.h"

static DEFINE_MUTEX(zoo_held);

static noinline void zoo_oops_holder_leaf(struct zoo_object *object)
{
	WRITE_ONCE(object->value, 1);
}

static noinline int zoo_oops_holder_fn(void *data)
{
	mutex_lock(&zoo_held);
	zoo_here();
	zoo_oops_holder_leaf((void *)zoo_zero);
	mutex_unlock(&zoo_held);
	return 0;
}

static noinline int zoo_oops_waiter_fn(void *data)
{
	msleep(1000);
	mutex_lock(&zoo_held);
	mutex_unlock(&zoo_held);
	return 0;
}

int zoo_oops_then_hang(void)
{
	struct task_struct *holder = kthread_run(zoo_oops_holder_fn, NULL, "zoo_holder");

	if (IS_ERR(holder))
		return PTR_ERR(holder);
	return PTR_ERR_OR_ZERO(kthread_run(zoo_oops_waiter_fn, NULL, "zoo_waiter"));
}
