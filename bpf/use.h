/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Who sends and receives, and what. */
#pragma once

#include "flow.h"
#include "socket.h"
#include "young.h"

/* The peer that the control group's program left word of, if it was about this datagram. */
INLINE struct peer *named_peer(struct sock *sk)
{
	__u32 thread = bpf_get_current_task_btf()->pid;
	struct peer *peer = bpf_map_lookup_elem(&peers, &thread);
	if (!peer || !peer->cookie)
		return 0;
	int named = peer->cookie == bpf_get_socket_cookie(sk);
	peer->cookie = 0;
	return named ? peer : 0;
}

/*
 * A datagram counts for the socket and, if the socket is not connected to the peer, for what it
 * exchanges with that peer; of a connected socket, for the latter alone.
 */
INLINE void used_udp(struct sock *sk, struct memory *memory, struct task_struct *leader,
		     int length, int flags, int sending)
{
	struct peer *peer = named_peer(sk);
	struct address remote = {};
	__u16 port = __builtin_bswap16(sk->__sk_common.skc_dport);
	int connected = connected_to(sk, &remote);
	int elsewhere = peer && !(connected && peer->port == port &&
				  same_address(&peer->remote, &remote));
	/* An empty datagram counts; a receive that finds the socket shut down looks like one, but
	 * names nobody. */
	int counts = length > 0 || (length == 0 && (sending || peer));
	if (flags & (MSG_PEEK | MSG_ERRQUEUE))
		counts = 0;
	if (counts && !(elsewhere && connected)) {
		__sync_fetch_and_add(sending ? &memory->sent : &memory->received, length);
		__sync_fetch_and_add(sending ? &memory->sent_packets : &memory->received_packets,
				     1);
	}
	__u64 number = connected ? number_of(&remote, port) : 0;
	int news = memory->peer != number;
	memory->peer = number;
	/* The socket is told before what it exchanges with whom. */
	if (is_new_user(sk, memory, leader) || news)
		tell_use(sk, cookie_of(sk, sk), memory, leader);
	if (counts && elsewhere)
		exchanged(sk, peer, leader, length, sending);
}

INLINE int used(struct sock *sk, int length, int flags, int sending)
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
	if (protocol == IPPROTO_TCP) {
		/* Once it is closed, nothing is left to be held. */
		if (sk->__sk_common.skc_state != TCP_CLOSE)
			tcp_used(sk, sk, leader);
		return 0;
	}
	struct memory *memory = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!memory)
		return 0;
	used_udp(sk, memory, leader, length, flags, sending);
	return 0;
}

SEC("tp_btf/sock_send_length") int sent(__u64 *arguments)
{
	return used((struct sock *)arguments[0], arguments[1], 0, 1);
}

SEC("tp_btf/sock_recv_length") int received(__u64 *arguments)
{
	return used((struct sock *)arguments[0], arguments[1], arguments[2], 0);
}
