// SPDX-License-Identifier: GPL-2.0
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include "zoo.h"

static DEFINE_MUTEX(zoo_mutex);
static DECLARE_COMPLETION(zoo_answer);

static noinline void zoo_completion_holder_leaf(void)
{
	wait_for_completion(&zoo_answer);
}

static noinline int zoo_completion_holder_fn(void *data)
{
	mutex_lock(&zoo_mutex);
	zoo_here();
	zoo_completion_holder_leaf();
	mutex_unlock(&zoo_mutex);
	return 0;
}

static noinline int zoo_completion_waiter_fn(void *data)
{
	msleep(300);
	mutex_lock(&zoo_mutex);
	mutex_unlock(&zoo_mutex);
	return 0;
}

int zoo_completion_wait(void)
{
	struct task_struct *holder = kthread_run(zoo_completion_holder_fn, NULL, "zoo_holder");

	if (IS_ERR(holder))
		return PTR_ERR(holder);
	return PTR_ERR_OR_ZERO(kthread_run(zoo_completion_waiter_fn, NULL, "zoo_waiter"));
}
