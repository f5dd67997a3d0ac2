// SPDX-License-Identifier: GPL-2.0
#include <linux/completion.h>
#include <linux/kthread.h>
#include "zoo.h"

static DECLARE_COMPLETION(zoo_never);

static noinline void zoo_hung_task_leaf(void)
{
	wait_for_completion(&zoo_never);
}

static noinline int zoo_hung_task_fn(void *data)
{
	zoo_here();
	zoo_hung_task_leaf();
	return 0;
}

int zoo_hung_task(void)
{
	return PTR_ERR_OR_ZERO(kthread_run(zoo_hung_task_fn, NULL, "zoo_hung"));
}
