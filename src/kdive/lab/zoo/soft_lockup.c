// SPDX-License-Identifier: GPL-2.0
#include <linux/kthread.h>
#include <linux/preempt.h>
#include "zoo.h"

static noinline void zoo_soft_lockup_leaf(void)
{
	while (!zoo_zero)
		cpu_relax();
}

static noinline int zoo_soft_lockup_fn(void *data)
{
	preempt_disable();
	zoo_here();
	zoo_soft_lockup_leaf();
	preempt_enable();
	return 0;
}

int zoo_soft_lockup(void)
{
	return PTR_ERR_OR_ZERO(kthread_run(zoo_soft_lockup_fn, NULL, "zoo_spinner"));
}
