/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Looking ahead: a walk over descriptors spends its time waiting for memory, for from a descriptor to
 * what is remembered of its socket one address leads to the next, and with many sockets none of it is
 * in a cache. So the first of every few descriptors reads what the next ones lead to, step by step,
 * all of them at each step: the processor waits for them at once, and then has them.
 *
 * Nothing comes of what is read here, so that it may be wrong: a descriptor may be closed meanwhile
 * and its memory used for something else. An address that is none reads as 0.
 */
#pragma once

#include "socket.h"

/* So many descriptors at a time, of which each walk tells every other one. */
#define AHEAD 32
#define AHEAD_TOLD (AHEAD / 2)

/* The word at an address, whatever is there. */
INLINE __u64 word_at(const volatile void *address)
{
	__u32 type = __builtin_btf_type_id(*(struct timespec64 *)0, 1);
	return ((struct timespec64 *)bpf_rdonly_cast((__u64)address, type))->tv_sec;
}

/* A pointer, whatever it points to. */
#define FOLLOW(pointer) ((__typeof__(pointer))word_at(&(pointer)))
/* Has the processor fetch what is there. */
#define FETCH(what)                                                                                \
	({                                                                                         \
		__u64 word = word_at(&(what));                                                     \
		asm volatile("" ::"r"(word));                                                      \
	})

/* The number of references, which the walk itself counts up and down at every descriptor. Before
 * it was `f_ref`, it was where what else is read of a file is. */
INLINE void fetch_references(struct file *file)
{
	if (__builtin_preserve_field_info(file->f_ref, FIELD_EXISTS))
		FETCH(file->f_ref);
}

INLINE void fetch_socket(struct sock *sk)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	FETCH(sk->__sk_common.skc_family);
	FETCH(sk->__sk_common.skc_cookie);
	FETCH(sk->sk_socket);
	FETCH(sk->sk_protocol);
	FETCH(tcp->bytes_received);
	FETCH(tcp->bytes_acked);
}

/* What is remembered first, which is what we remember unless somebody else does too. */
INLINE void fetch_memory(struct hlist_node *first)
{
	struct bpf_local_storage_elem *none = 0;
	__u64 back = __builtin_preserve_field_info(none->snode, FIELD_BYTE_OFFSET);
	struct bpf_local_storage_elem *element = (void *)((__u64)first - back);
	struct memory *memory = (void *)&element->sdata.data;
	FETCH(memory->pid);
	FETCH(memory->told);
}

/* Looks ahead from a socket's descriptor, which is `file`, and the first of its group that this
 * walk tells. */
OUTLINE void
look_ahead(struct task_struct *task, struct file *file, __u32 descriptor, __u32 remainder)
{
	__u64 of_sockets = word_at(&file->f_op);
	struct files_struct *files = FOLLOW(task->files);
	struct fdtable *table = FOLLOW(files->fdt);
	descriptor = descriptor / AHEAD * AHEAD;
	/* Groups fit into tables, which are as long as a multiple of 32. */
	if (descriptor >= (__u32)word_at(&table->max_fds))
		return;
	struct file **group = FOLLOW(table->fd) + descriptor;
	void *at[AHEAD_TOLD];
	for (int i = 0; i < AHEAD; i++)
		fetch_references(FOLLOW(group[i]));
	for (int i = 0; i < AHEAD_TOLD; i++) {
		struct file *next = FOLLOW(group[2 * i + remainder]);
		__u64 private = word_at(&next->private_data);
		/* Without branches, of which the verifier would follow each both ways. */
		long long difference = word_at(&next->f_op) - of_sockets;
		difference |= -difference;
		asm volatile("" : "+r"(difference));
		at[i] = (void *)(private & ~(difference >> 63));
	}
	for (int i = 0; i < AHEAD_TOLD; i++)
		at[i] = FOLLOW(((struct socket *)at[i])->sk);
	for (int i = 0; i < AHEAD_TOLD; i++) {
		fetch_socket(at[i]);
		at[i] = FOLLOW(((struct sock *)at[i])->sk_bpf_storage);
	}
	for (int i = 0; i < AHEAD_TOLD; i++) {
		struct bpf_local_storage *storage = at[i];
		FETCH(storage->cache[0]);
		FETCH(storage->cache[8]);
		at[i] = FOLLOW(storage->list.first);
	}
	for (int i = 0; i < AHEAD_TOLD; i++)
		fetch_memory(at[i]);
}
