/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Processes: their start, their programs, their end. */
#pragma once

#include "kernel.h"
#include "record.h"
#include "ring.h"

INLINE struct process_record *describe_process(struct task_struct *leader, __u32 kind)
{
	struct process_record *record = reserve(sizeof(*record));
	if (!record)
		return 0;
	__builtin_memset(record, 0, sizeof(*record));
	record->header.at = bpf_ktime_get_boot_ns();
	record->header.kind = kind;
	record->header.uid = leader->cred->euid.val;
	name_process(&record->header, leader);
	return record;
}

SEC("tp_btf/sched_process_fork") int forked(__u64 *arguments)
{
	struct task_struct *parent = (struct task_struct *)arguments[0];
	struct task_struct *child = (struct task_struct *)arguments[1];
	if (child->pid != child->tgid || child->flags & PF_KTHREAD)
		return 0;
	struct process_record *record = describe_process(child, PROCESS_FORKED);
	if (!record)
		return 0;
	record->parent = parent->tgid;
	record->parent_started = parent->group_leader->start_boottime;
	submit(record);
	return 0;
}

SEC("tp_btf/sched_process_exec") int executed(__u64 *arguments)
{
	struct task_struct *task = (struct task_struct *)arguments[0];
	struct linux_binprm *program = (struct linux_binprm *)arguments[2];
	if (task->flags & PF_KTHREAD)
		return 0;
	struct process_record *record = describe_process(task->group_leader, PROCESS_EXECUTED);
	if (!record)
		return 0;
	bpf_probe_read_kernel_str(record->file, sizeof(record->file), program->filename);
	submit(record);
	return 0;
}

SEC("tp_btf/sched_process_exit") int exited(__u64 *arguments)
{
	struct task_struct *task = (struct task_struct *)arguments[0];
	/* The process ends with its last thread. */
	if (task->signal->live.counter != 0 || task->flags & PF_KTHREAD)
		return 0;
	struct process_record *record = describe_process(task->group_leader, PROCESS_EXITED);
	if (record)
		submit(record);
	return 0;
}
