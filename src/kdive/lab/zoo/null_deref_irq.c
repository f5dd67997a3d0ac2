// SPDX-License-Identifier: GPL-2.0
#include "zoo.h"

static noinline void zoo_irq_leaf(struct zoo_object *object)
{
	WRITE_ONCE(object->value, 1);
}

static noinline void zoo_irq_fn(void *data)
{
	zoo_here();
	zoo_irq_leaf((void *)zoo_zero);
	zoo_zero++;
}

int zoo_null_deref_irq(void)
{
	int cpu, here = get_cpu();

	put_cpu();
	for_each_online_cpu(cpu) {
		if (cpu != here)
			return smp_call_function_single(cpu, zoo_irq_fn, NULL, 1);
	}
	return -ENODEV;
}
