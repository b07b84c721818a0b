/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Processes: their start, their programs and names, their end. */
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

/* Renaming costs a process next to nothing: whoever does it in a loop must not fill the ring. Names
 * that are not told are found by the next snapshot. */
#define MAX_RENAMED 64

struct renamings {
	__u64 window; /* 16 ticks of the kernel's clock: 16 to 160 ms */
	__u64 told;
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	MAP_NUMBER(max_entries, 1);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, struct renamings);
} renamings SEC(".maps");

/* Programs that are started through /proc/self/exe are called "exe" until they rename themselves. */
SEC("tp_btf/task_rename") int renamed(__u64 *arguments)
{
	struct task_struct *task = (struct task_struct *)arguments[0];
	if (task->pid != task->tgid || task->flags & PF_KTHREAD)
		return 0;
	__u32 zero = 0;
	struct renamings *lately = bpf_map_lookup_elem(&renamings, &zero);
	if (!lately)
		return 0;
	__u64 window = bpf_jiffies64() >> 4;
	if (lately->window != window) {
		lately->window = window;
		lately->told = 0;
	}
	if (lately->told >= MAX_RENAMED)
		return 0;
	lately->told++;
	struct process_record *record = describe_process(task, PROCESS_RENAMED);
	if (!record)
		return 0;
	/* The process itself still has the old one. */
	bpf_probe_read_kernel_str(record->header.comm, sizeof(record->header.comm),
				  (const void *)arguments[1]);
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
