/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* TCP: states, and who accepts. */
#pragma once

#include "socket.h"

INLINE int state_changed(struct sock *sk, int before, int now)
{
	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	/* A socket ends here or, if it never got that far, in tcp_destroy_sock. */
	__u64 create = now == TCP_CLOSE ? 0 : BPF_SK_STORAGE_GET_F_CREATE;
	struct memory *memory = bpf_sk_storage_get(&sockets, sk, 0, create);
	/* connect, listen and close run in the process that calls them; the handshake and the peer's
	 * closing run in whatever process they interrupt. */
	struct task_struct *leader = 0;
	int opens = now == TCP_SYN_SENT || now == TCP_LISTEN;
	if (opens || now == TCP_FIN_WAIT1 || now == TCP_LAST_ACK)
		leader = current_process();
	if (memory) {
		if (memory->state == (__u32)now)
			return 0;
		memory->state = now;
		if (opens && leader) {
			memory->pid = leader->tgid;
			memory->started = leader->start_boottime;
			memory->netns = netns_of(sk);
		} else if (leader && !memory->pid) {
			/* Accepted, and never spoken on. */
			note_use(sk, sk, memory, leader);
			return 0;
		}
	}
	if (!opens && now != TCP_ESTABLISHED && now != TCP_CLOSE)
		return 0;
	__u32 kind = now == TCP_CLOSE ? SOCKET_CLOSED : SOCKET_STATE;
	struct socket_record *record = describe(sk, bpf_get_socket_cookie(sk), memory, kind);
	if (!record)
		return 0;
	record->state = now;
	record->former_state = before;
	if (opens && leader) {
		name_process(&record->header, leader);
	} else if (memory) {
		record->header.pid = memory->pid;
		record->header.started = memory->started;
	}
	submit(record);
	return 0;
}

/*
 * A program that interrupts itself on one processor is skipped (a softirq during connect). Twice
 * attached, it is skipped once: whichever copy comes through first tells, the other keeps quiet.
 */
SEC("tp_btf/inet_sock_set_state") int tcp_state(__u64 *arguments)
{
	return state_changed((struct sock *)arguments[0], arguments[1], arguments[2]);
}

SEC("tp_btf/inet_sock_set_state") int tcp_state_again(__u64 *arguments)
{
	return state_changed((struct sock *)arguments[0], arguments[1], arguments[2]);
}

/* The net under both of them. */
SEC("tp_btf/tcp_destroy_sock") int tcp_destroyed(__u64 *arguments)
{
	struct sock *sk = (struct sock *)arguments[0];
	struct memory *memory = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!memory || memory->state == TCP_CLOSE)
		return 0;
	memory->state = TCP_CLOSE;
	struct socket_record *record = describe(sk, bpf_get_socket_cookie(sk), memory, SOCKET_CLOSED);
	if (!record)
		return 0;
	record->header.pid = memory->pid;
	record->header.started = memory->started;
	submit(record);
	return 0;
}

/* accept() asks for the peer's name in the process that accepts; so may anybody who holds it. */
INLINE int accepted(struct bpf_sock_addr *context)
{
	struct bpf_sock *socket = context->sk;
	if (context->protocol != IPPROTO_TCP || !socket)
		return 1;
	struct memory *memory = bpf_sk_storage_get(&sockets, socket, 0, BPF_SK_STORAGE_GET_F_CREATE);
	struct task_struct *leader = current_process();
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(socket);
	if (memory && leader && tcp)
		note_use((struct sock *)tcp, context, memory, leader);
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
