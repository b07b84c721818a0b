/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What is there: walks over descriptor tables and over everything that is remembered of sockets.
 *
 * A walk is a pass, and passes are numbered, so that what one of them has seen need not be told
 * again. They run only while the collector reads, in its own process.
 */
#pragma once

#include "socket.h"

/* The rows of a listing. It takes as many walks as it needs to hand them all over. */
struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_RINGBUF);
	MAP_NUMBER(max_entries, 1 << 21);
} rows SEC(".maps");

/* The number of the current pass, which the collector counts up; never 0. */
struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_ARRAY);
	MAP_NUMBER(max_entries, 1);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, __u32);
} passes SEC(".maps");

INLINE __u32 current_pass(void)
{
	__u32 zero = 0;
	__u32 *pass = bpf_map_lookup_elem(&passes, &zero);
	return pass ? *pass : 0;
}

/* Bound or connected, and of a kind that is told of. */
INLINE int is_in_use(struct sock *sk)
{
	__u16 family = sk->__sk_common.skc_family;
	if (family != AF_INET && family != AF_INET6)
		return 0;
	if (sk->sk_protocol == IPPROTO_TCP)
		return sk->__sk_common.skc_state != TCP_CLOSE;
	/* Once released, a UDP socket may outlive its descriptor for a moment. */
	return sk->sk_protocol == IPPROTO_UDP && sk->__sk_common.skc_num && sk->sk_socket;
}

/*
 * Every descriptor of every process, or of one: notes a holder where none is known, and tells of
 * those that are not the one that is noted.
 */
SEC("iter/task_file") int holders(struct bpf_iter__task_file *context)
{
	struct file *file = context->file;
	struct task_struct *task = context->task;
	if (!file || !task)
		return 0;
	struct socket *socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	struct sock *sk = socket->sk;
	if (!sk || !is_in_use(sk))
		return 0;
	struct memory *memory = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!memory)
		return 0;
	struct task_struct *leader = task->group_leader;
	__u32 pid = leader->tgid;
	__u64 started = leader->start_boottime;
	if (!memory->pid && !__sync_val_compare_and_swap(&memory->pid, 0, pid)) {
		memory->started = started;
		memory->netns = netns_of(sk);
	}
	if (memory->pid == pid && memory->started == started) {
		memory->held = current_pass();
		return 0;
	}
	struct holder_record record = {
		.cookie = bpf_get_socket_cookie(sk),
		.started = started,
		.pid = pid,
		.netns = netns_of(sk),
	};
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}

/* Changes whenever a socket carries something, for nothing that it counts ever shrinks. */
INLINE __u64 carried(struct sock *sk, struct memory *memory)
{
	__u64 received = 0;
	__u64 sent = 0;
	if (sk->sk_protocol == IPPROTO_TCP) {
		struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
		if (tcp)
			payload(sk, tcp, &received, &sent);
		return received + sent;
	}
	/* A datagram may be empty. */
	return memory->received + memory->sent + memory->received_packets + memory->sent_packets;
}

/* Hands over what is known of a socket; 1, which ends the walk, if there is no room. */
INLINE int list(struct sock *sk, struct memory *memory, __u32 kind, __u64 carried)
{
	struct socket_record *record = bpf_ringbuf_reserve(&rows, sizeof(*record), 0);
	if (!record)
		return 1;
	fill(record, sk, bpf_get_socket_cookie(sk), memory, kind);
	record->header.pid = memory->pid;
	record->header.started = memory->started;
	record->known = memory->seen;
	if (sk->sk_socket)
		record->known |= HELD;
	if (memory->pid && memory->held == current_pass())
		record->known |= HELD_BY_PROCESS;
	memory->told = carried;
	submit(record);
	return 0;
}

/* Every socket that is remembered. */
SEC("iter/bpf_sk_storage_map") int listed(struct bpf_iter__bpf_sk_storage_map *context)
{
	struct sock *sk = context->sk;
	struct memory *memory = context->value;
	if (!sk || !memory)
		return 0;
	__u32 pass = current_pass();
	if (memory->listed == pass || !is_in_use(sk))
		return 0;
	if (list(sk, memory, SOCKET_LISTED, carried(sk, memory)))
		return 1;
	memory->listed = pass;
	return 0;
}

/* Those that carried something since they were last told of. */
SEC("iter/bpf_sk_storage_map") int counted(struct bpf_iter__bpf_sk_storage_map *context)
{
	struct sock *sk = context->sk;
	struct memory *memory = context->value;
	if (!sk || !memory)
		return 0;
	__u64 now = carried(sk, memory);
	if (now == memory->told || !is_in_use(sk))
		return 0;
	return list(sk, memory, SOCKET_COUNTED, now);
}
