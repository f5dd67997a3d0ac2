// SPDX-License-Identifier: GPL-2.0
/* insmod crashzoo.ko kind=NAME: crashes the machine in that way. */
#include "zoo.h"

static char *kind = "";
module_param(kind, charp, 0400);

volatile unsigned long zoo_zero;

static int __init zoo_init(void)
{
	const struct zoo_kind *one;

	for (one = zoo_kinds; one->name; one++) {
		if (!strcmp(one->name, kind))
			return one->run();
	}
	pr_err("crashzoo: no such kind: %s\n", kind);
	return -EINVAL;
}

static void __exit zoo_exit(void)
{
}

module_init(zoo_init);
module_exit(zoo_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Crashes the kernel in many ways, each known");
