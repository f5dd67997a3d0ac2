// SPDX-License-Identifier: GPL-2.0
#include <linux/timer.h>
#include "zoo.h"

static struct timer_list zoo_timer;

static noinline u64 zoo_timer_leaf(const struct zoo_object *object)
{
	return READ_ONCE(object->value);
}

static void zoo_timer_fn(struct timer_list *timer)
{
	zoo_here();
	zoo_zero += zoo_timer_leaf((void *)zoo_zero);
}

int zoo_null_deref_timer(void)
{
	timer_setup(&zoo_timer, zoo_timer_fn, 0);
	mod_timer(&zoo_timer, jiffies + HZ / 2);
	return 0;
}
