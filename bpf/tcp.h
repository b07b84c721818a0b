/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* TCP: states, and who accepts. */
#pragma once

#include "socket.h"
#include "young.h"

/* What is told, or shows an owner; the others only lead from one of these to the next. */
#define TOLD_STATES                                                                               \
	(1 << TCP_ESTABLISHED | 1 << TCP_SYN_SENT | 1 << TCP_FIN_WAIT1 | 1 << TCP_CLOSE |          \
	 1 << TCP_LAST_ACK | 1 << TCP_LISTEN)

/* The event that the first copy told of last on this processor: a cookie and a state. */
struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	MAP_NUMBER(max_entries, 1);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, __u64);
} latest SEC(".maps");

/* Remembers who opened a socket: in its storage if it has one or is to stay, else while young. */
INLINE void note_opener(struct sock *sk, __u64 cookie, struct task_struct *leader, int stays)
{
	__u64 create = stays ? BPF_SK_STORAGE_GET_F_CREATE : 0;
	struct memory *memory = bpf_sk_storage_get(&sockets, sk, 0, create);
	if (memory)
		remember(memory, sk, leader);
	keep_young(cookie, leader->tgid);
}

INLINE int state_changed(struct sock *sk, int before, int now, int first)
{
	if (!(TOLD_STATES >> (now & 15) & 1) || sk->sk_protocol != IPPROTO_TCP)
		return 0;
	__u64 cookie = cookie_of(sk, sk);
	__u32 zero = 0;
	__u64 *last = bpf_map_lookup_elem(&latest, &zero);
	if (!last)
		return 0;
	__u64 event = cookie << 4 | now;
	if (first)
		*last = event;
	else if (*last == event)
		return 0;
	/* connect, listen and close run in the process that calls them; the handshake and the peer's
	 * closing run in whatever process they interrupt. */
	if (now == TCP_FIN_WAIT1 || now == TCP_LAST_ACK) {
		/* Accepted, and never spoken on? */
		if (is_young(cookie))
			return 0;
		struct memory *memory = bpf_sk_storage_get(&sockets, sk, 0, 0);
		struct task_struct *leader = current_process();
		if (leader && !(memory && memory->pid)) {
			keep_young(cookie, leader->tgid);
			tell_use(sk, cookie, 0, leader);
		}
		return 0;
	}
	struct task_struct *leader = 0;
	if (now == TCP_SYN_SENT || now == TCP_LISTEN) {
		leader = current_process();
		if (leader)
			note_opener(sk, cookie, leader, now == TCP_LISTEN);
	}
	__u32 kind = now == TCP_CLOSE ? SOCKET_CLOSED : SOCKET_STATE;
	struct socket_record *record = describe(sk, cookie, 0, kind);
	if (!record)
		return 0;
	record->state = now;
	record->former_state = before;
	if (leader)
		name_process(&record->header, leader);
	submit(record);
	return 0;
}

/*
 * A program that interrupts itself on one processor is skipped (a softirq during connect). Twice
 * attached, it is skipped once: the second copy tells what the first one did not. Where an
 * interruption comes between the two, both tell, which does no harm.
 */
SEC("tp_btf/inet_sock_set_state") int tcp_state(__u64 *arguments)
{
	return state_changed((struct sock *)arguments[0], arguments[1], arguments[2], 1);
}

SEC("tp_btf/inet_sock_set_state") int tcp_state_again(__u64 *arguments)
{
	return state_changed((struct sock *)arguments[0], arguments[1], arguments[2], 0);
}

/* accept() asks for the peer's name in the process that accepts; so may anybody who holds it. */
INLINE int accepted(struct bpf_sock_addr *context)
{
	struct bpf_sock *socket = context->sk;
	if (context->protocol != IPPROTO_TCP || !socket)
		return 1;
	struct task_struct *leader = current_process();
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(socket);
	if (leader && tcp)
		tcp_used((struct sock *)tcp, context, leader);
	return 1;
}

SEC("cgroup/getpeername4") int accepted4(struct bpf_sock_addr *context)
{
	return accepted(context);
}

SEC("cgroup/getpeername6") int accepted6(struct bpf_sock_addr *context)
{
	return accepted(context);
}

/* Where the kernel lets a function's end be watched, that tells of every accept at once. */
INLINE int accept_ended(struct sock *sk)
{
	struct task_struct *leader = current_process();
	if (sk && leader && sk->sk_protocol == IPPROTO_TCP)
		tcp_used(sk, sk, leader);
	return 0;
}

/* What it returns stands behind its arguments: two, and before Linux 6.10 four. */
SEC("fexit/inet_csk_accept") int accept_ended2(__u64 *arguments)
{
	return accept_ended((struct sock *)arguments[2]);
}

SEC("fexit/inet_csk_accept") int accept_ended4(__u64 *arguments)
{
	return accept_ended((struct sock *)arguments[4]);
}
