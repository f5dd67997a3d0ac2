// SPDX-License-Identifier: GPL-2.0
#include <linux/kthread.h>
#include "zoo.h"

static noinline u64 zoo_kthread_leaf(const struct zoo_object *object)
{
	return READ_ONCE(object->value);
}

static noinline int zoo_kthread_fn(void *data)
{
	zoo_here();
	zoo_zero += zoo_kthread_leaf((void *)zoo_zero);
	return 0;
}

int zoo_null_deref_kthread(void)
{
	return PTR_ERR_OR_ZERO(kthread_run(zoo_kthread_fn, NULL, "zoo_thread"));
}
