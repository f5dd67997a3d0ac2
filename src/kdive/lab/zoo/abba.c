// SPDX-License-Identifier: GPL-2.0
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include "zoo.h"

static DEFINE_MUTEX(zoo_mutex_a);
static DEFINE_MUTEX(zoo_mutex_b);

static noinline void zoo_abba_first(void)
{
	mutex_lock(&zoo_mutex_a);
	msleep(300);
	mutex_lock(&zoo_mutex_b);
	mutex_unlock(&zoo_mutex_b);
	mutex_unlock(&zoo_mutex_a);
}

static noinline void zoo_abba_second(void)
{
	mutex_lock(&zoo_mutex_b);
	msleep(300);
	mutex_lock(&zoo_mutex_a);
	mutex_unlock(&zoo_mutex_a);
	mutex_unlock(&zoo_mutex_b);
}

static noinline int zoo_abba_one_fn(void *data)
{
	zoo_here();
	zoo_abba_first();
	return 0;
}

static noinline int zoo_abba_two_fn(void *data)
{
	zoo_abba_second();
	return 0;
}

int zoo_abba(void)
{
	struct task_struct *one = kthread_run(zoo_abba_one_fn, NULL, "zoo_abba_one");

	if (IS_ERR(one))
		return PTR_ERR(one);
	return PTR_ERR_OR_ZERO(kthread_run(zoo_abba_two_fn, NULL, "zoo_abba_two"));
}
