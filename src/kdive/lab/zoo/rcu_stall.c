// SPDX-License-Identifier: GPL-2.0
#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include "zoo.h"

static noinline void zoo_rcu_stall_leaf(void)
{
	while (!zoo_zero)
		cpu_relax();
}

static noinline int zoo_rcu_stall_fn(void *data)
{
	rcu_read_lock();
	preempt_disable();
	zoo_here();
	zoo_rcu_stall_leaf();
	preempt_enable();
	rcu_read_unlock();
	return 0;
}

int zoo_rcu_stall(void)
{
	return PTR_ERR_OR_ZERO(kthread_run(zoo_rcu_stall_fn, NULL, "zoo_spinner"));
}
