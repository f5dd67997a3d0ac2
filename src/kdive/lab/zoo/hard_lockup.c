// SPDX-License-Identifier: GPL-2.0
#include <linux/kthread.h>
#include "zoo.h"

static noinline void zoo_hard_lockup_leaf(void)
{
	while (!zoo_zero)
		cpu_relax();
}

static noinline int zoo_hard_lockup_fn(void *data)
{
	zoo_here();
	local_irq_disable();
	zoo_hard_lockup_leaf();
	local_irq_enable();
	return 0;
}

int zoo_hard_lockup(void)
{
	/* Not on CPU 0: that one takes the NMI. */
	struct task_struct *thread = kthread_create(zoo_hard_lockup_fn, NULL, "zoo_spinner");

	if (IS_ERR(thread))
		return PTR_ERR(thread);
	kthread_bind(thread, 1);
	wake_up_process(thread);
	return 0;
}
