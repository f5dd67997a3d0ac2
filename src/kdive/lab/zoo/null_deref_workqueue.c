// SPDX-License-Identifier: GPL-2.0
#include <linux/workqueue.h>
#include "zoo.h"

static noinline void zoo_work_leaf(struct zoo_object *object)
{
	WRITE_ONCE(object->value, 1);
}

static noinline void zoo_work_fn(struct work_struct *work)
{
	zoo_here();
	zoo_work_leaf((void *)zoo_zero);
	zoo_zero++;
}

static DECLARE_WORK(zoo_work, zoo_work_fn);

int zoo_null_deref_workqueue(void)
{
	schedule_work(&zoo_work);
	return 0;
}
