// SPDX-License-Identifier: GPL-2.0
#include <linux/list.h>
#include "zoo.h"

static LIST_HEAD(zoo_list);
static struct list_head zoo_entry;

static noinline void zoo_list_leaf(struct list_head *entry)
{
	list_del(entry);
}

int zoo_list_corruption(void)
{
	list_add(&zoo_entry, &zoo_list);
	zoo_list_leaf(&zoo_entry);
	zoo_here();
	zoo_list_leaf(&zoo_entry);
	return 0;
}
