// SPDX-License-Identifier: GPL-2.0
#include <linux/kthread.h>
#include <linux/spinlock.h>
#include "zoo.h"

static DEFINE_SPINLOCK(zoo_spinlock);

static noinline void zoo_spin_self_leaf(void)
{
	spin_lock(&zoo_spinlock);
	spin_unlock(&zoo_spinlock);
}

static noinline int zoo_spin_self_fn(void *data)
{
	zoo_here();
	spin_lock(&zoo_spinlock);
	zoo_spin_self_leaf();
	spin_unlock(&zoo_spinlock);
	return 0;
}

int zoo_spin_self(void)
{
	return PTR_ERR_OR_ZERO(kthread_run(zoo_spin_self_fn, NULL, "zoo_spinner"));
}
