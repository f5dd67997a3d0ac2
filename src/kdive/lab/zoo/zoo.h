/* SPDX-License-Identifier: GPL-2.0 */
/* What every kind of crash uses. Each file of this folder is one kind: zoo_NAME() brings it about. */
#ifndef ZOO_H
#define ZOO_H

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/smp.h>

#pragma GCC diagnostic ignored "-Wmissing-declarations" /* of zoo_NAME(): only the table calls it, and is generated */

/* Says on the console who is about to do it; call it in the context that is guilty. */
#define zoo_here() \
	pr_emerg("crashzoo: here pid=%d cpu=%d comm=%s\n", current->pid, raw_smp_processor_id(), current->comm)

struct zoo_kind {
	const char *name;
	int (*run)(void);
};

struct zoo_object {
	u64 first, second, third, value;
};

extern const struct zoo_kind zoo_kinds[]; /* made with the module from the names of the files; ends with a NULL name */
extern volatile unsigned long zoo_zero; /* 0, but the compiler does not know */

#endif
