/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Who sends and receives, and what. */
#pragma once

#include "socket.h"

INLINE int used(struct sock *sk, int length, int sending)
{
	__u16 family = sk->__sk_common.skc_family;
	if (family != AF_INET && family != AF_INET6)
		return 0;
	__u16 protocol = sk->sk_protocol;
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
		return 0;
	struct task_struct *leader = current_process();
	if (!leader)
		return 0;
	struct memory *memory = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!memory)
		return 0;
	if (length > 0 && protocol == IPPROTO_UDP)
		__sync_fetch_and_add(sending ? &memory->sent : &memory->received, length);
	/* Nothing is left to be held. */
	if (protocol == IPPROTO_TCP && sk->__sk_common.skc_state == TCP_CLOSE)
		return 0;
	note_use(sk, sk, memory, leader);
	return 0;
}

SEC("tp_btf/sock_send_length") int sent(__u64 *arguments)
{
	return used((struct sock *)arguments[0], arguments[1], 1);
}

SEC("tp_btf/sock_recv_length") int received(__u64 *arguments)
{
	return used((struct sock *)arguments[0], arguments[1], 0);
}
