/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* How records reach their reader. */
#pragma once

#include "kernel.h"
#include "record.h"

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_RINGBUF);
	MAP_NUMBER(max_entries, 1 << 23);
} records SEC(".maps");

/* What is counted in `lost`. */
enum loss {
	/* Records that found the ring full. */
	LOST_RECORDS = 0,
	/* Datagrams from and to peers for which there was no room. */
	LOST_DATAGRAMS = 1,
	LOSSES = 2,
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_ARRAY);
	MAP_NUMBER(max_entries, LOSSES);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, __u64);
} lost SEC(".maps");

INLINE void count_lost(__u32 what)
{
	__u64 *count = bpf_map_lookup_elem(&lost, &what);
	if (count)
		__sync_fetch_and_add(count, 1);
}

INLINE void *reserve(__u64 size)
{
	void *record = bpf_ringbuf_reserve(&records, size, 0);
	if (!record)
		count_lost(LOST_RECORDS);
	return record;
}

/* The reader comes at its own pace: waking it for each record would cost more than the record. */
INLINE void submit(void *record)
{
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

/* The process that runs here, or null if none does that could hold a descriptor. */
INLINE struct task_struct *current_process(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	if (task->flags & PF_KTHREAD || task->tgid == 0)
		return 0;
	return task->group_leader;
}

INLINE void name_process(struct header *header, struct task_struct *leader)
{
	header->started = leader->start_boottime;
	header->pid = leader->tgid;
	bpf_probe_read_kernel_str(header->comm, sizeof(header->comm), leader->comm);
}
