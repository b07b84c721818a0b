/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What UDP sockets exchange with peers that they are not connected to.
 *
 * A control group's program sees the peer's address, the tracepoint that follows in the same thread
 * sees how much was sent or received: the first leaves word for the second, per thread, for several
 * may use one socket at once.
 */
#pragma once

#include "socket.h"

/* Threads between one and the other; most peers of all sockets together, unless the loader says
 * otherwise. */
#define MAX_THREADS 16384
#define MAX_FLOWS 65536

/* include/linux/socket.h */
#define MSG_PEEK 0x2
#define MSG_ERRQUEUE 0x2000

/* Addresses are IPv6, or IPv4-mapped. */
struct address {
	__u32 words[4];
};

#define MAPPED_PREFIX 0xffff0000

/* Whom a thread is about to send to, or has just received from. */
struct peer {
	__u64 cookie; /* of the socket; 0 if there is no such peer */
	struct address remote;
	struct address local; /* zero: not said */
	__u32 port;
	__u32 reserved;
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_LRU_HASH);
	MAP_NUMBER(max_entries, MAX_THREADS);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, struct peer);
} peers SEC(".maps");

/* Both are read by `crates/collect/src/parse/kernel_flow.rs`. */
struct flow_key {
	__u64 cookie;
	struct address remote;
	__u32 remote_port;
	__u32 reserved;
};

struct flow {
	__u64 opened; /* nanoseconds since boot, as all times here */
	__u64 used;
	__u64 started; /* of the process */
	__u64 received;
	__u64 sent;
	__u64 received_packets;
	__u64 sent_packets;
	struct address local;
	__u32 pid;   /* who began */
	__u32 other; /* who else was last seen */
	__u32 netns;
	__u32 uid;
	__u16 local_port;
	__u8 sent_first;
	__u8 reserved[5];
};

_Static_assert(sizeof(struct flow_key) == 32, "no padding");
_Static_assert(sizeof(struct flow) == 96, "no padding");

/* Nobody is thrown out for a newcomer: what finds no room is counted. */
struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_HASH);
	MAP_NUMBER(map_flags, BPF_F_NO_PREALLOC);
	MAP_NUMBER(max_entries, MAX_FLOWS);
	MAP_TYPE(key, struct flow_key);
	MAP_TYPE(value, struct flow);
} flows SEC(".maps");

INLINE void map_address(struct address *to, __u32 v4)
{
	to->words[0] = 0;
	to->words[1] = 0;
	to->words[2] = MAPPED_PREFIX;
	to->words[3] = v4;
}

/* Leaves word of the peer. A program's stack is zeroed by its caller. */
INLINE int leave_word(struct bpf_sock_addr *context, struct peer *peer)
{
	if (context->protocol != IPPROTO_UDP || !context->sk || !current_process())
		return 1;
	__u32 thread = bpf_get_current_task_btf()->pid;
	peer->cookie = bpf_get_socket_cookie(context);
	peer->port = __builtin_bswap16(context->user_port);
	struct peer *word = bpf_map_lookup_elem(&peers, &thread);
	if (word)
		*word = *peer;
	else
		bpf_map_update_elem(&peers, &thread, peer, 0);
	return 1;
}

SEC("cgroup/sendmsg4") int sends4(struct bpf_sock_addr *context)
{
	struct peer peer = {};
	map_address(&peer.remote, context->user_ip4);
	__u32 local = context->msg_src_ip4;
	if (local)
		map_address(&peer.local, local);
	return leave_word(context, &peer);
}

SEC("cgroup/sendmsg6") int sends6(struct bpf_sock_addr *context)
{
	struct peer peer = {};
	peer.remote.words[0] = context->user_ip6[0];
	peer.remote.words[1] = context->user_ip6[1];
	peer.remote.words[2] = context->user_ip6[2];
	peer.remote.words[3] = context->user_ip6[3];
	peer.local.words[0] = context->msg_src_ip6[0];
	peer.local.words[1] = context->msg_src_ip6[1];
	peer.local.words[2] = context->msg_src_ip6[2];
	peer.local.words[3] = context->msg_src_ip6[3];
	return leave_word(context, &peer);
}

SEC("cgroup/recvmsg4") int receives4(struct bpf_sock_addr *context)
{
	struct peer peer = {};
	map_address(&peer.remote, context->user_ip4);
	return leave_word(context, &peer);
}

SEC("cgroup/recvmsg6") int receives6(struct bpf_sock_addr *context)
{
	struct peer peer = {};
	peer.remote.words[0] = context->user_ip6[0];
	peer.remote.words[1] = context->user_ip6[1];
	peer.remote.words[2] = context->user_ip6[2];
	peer.remote.words[3] = context->user_ip6[3];
	return leave_word(context, &peer);
}

/* The peer that the socket is connected to; false if there is none. */
INLINE int connected_to(struct sock *sk, struct address *remote)
{
	if (!sk->__sk_common.skc_dport)
		return 0;
	if (sk->__sk_common.skc_family == AF_INET)
		map_address(remote, sk->__sk_common.skc_daddr);
	else
		bpf_probe_read_kernel(remote, sizeof(*remote), &sk->__sk_common.skc_v6_daddr);
	return 1;
}

INLINE int is_unspecified(const struct address *address)
{
	return !(address->words[0] | address->words[1] | address->words[2] | address->words[3]);
}

INLINE int same_address(const struct address *a, const struct address *b)
{
	return a->words[0] == b->words[0] && a->words[1] == b->words[1] &&
	       a->words[2] == b->words[2] && a->words[3] == b->words[3];
}

/* A number for the peer that a socket is connected to, 0 for none: it tells when another comes. */
INLINE __u64 number_of(const struct address *remote, __u16 port)
{
	__u64 high = (__u64)remote->words[0] << 32 | remote->words[1];
	__u64 low = (__u64)remote->words[2] << 32 | remote->words[3];
	return (((high * 0x9e3779b97f4a7c15 + low) ^ port) * 0x9e3779b97f4a7c15) | 1;
}

INLINE void tell_flow(struct sock *sk, const struct flow_key *key, const struct flow *flow,
		      struct task_struct *leader)
{
	struct socket_record *record = reserve(sizeof(*record));
	if (!record)
		return;
	__builtin_memset(record, 0, sizeof(*record));
	record->header.at = flow->opened;
	record->header.kind = SOCKET_FLOW;
	record->header.uid = sk->sk_uid.val;
	name_process(&record->header, leader);
	record->cookie = key->cookie;
	record->received = flow->received;
	record->sent = flow->sent;
	record->received_packets = flow->received_packets;
	record->sent_packets = flow->sent_packets;
	record->netns = flow->netns;
	record->family = AF_INET6;
	record->local_port = flow->local_port;
	record->remote_port = key->remote_port;
	record->protocol = IPPROTO_UDP;
	record->state = TCP_ESTABLISHED;
	record->former_state = flow->sent_first;
	__builtin_memcpy(record->local, &flow->local, 16);
	__builtin_memcpy(record->remote, &key->remote, 16);
	submit(record);
}

/* Adds a datagram to what the socket exchanges with the peer. */
INLINE void exchanged(struct sock *sk, const struct peer *peer, struct task_struct *leader,
		      int length, int sending)
{
	struct flow_key key = {};
	key.cookie = bpf_get_socket_cookie(sk);
	key.remote = peer->remote;
	key.remote_port = peer->port;
	int news = 0;
	__u32 pid = leader->tgid;
	__u64 now = bpf_ktime_get_boot_ns();
	struct flow *flow = bpf_map_lookup_elem(&flows, &key);
	if (!flow) {
		struct flow fresh = {};
		fresh.opened = now;
		fresh.started = leader->start_boottime;
		fresh.pid = pid;
		fresh.netns = netns_of(sk);
		fresh.uid = sk->sk_uid.val;
		fresh.local_port = local_port_of(sk);
		fresh.sent_first = sending;
		fresh.local = peer->local;
		if (sk->__sk_common.skc_family == AF_INET && !fresh.local.words[3])
			map_address(&fresh.local, sk->__sk_common.skc_rcv_saddr);
		else if (is_unspecified(&fresh.local))
			bpf_probe_read_kernel(&fresh.local, sizeof(fresh.local),
					      &sk->__sk_common.skc_v6_rcv_saddr);
		news = !bpf_map_update_elem(&flows, &key, &fresh, BPF_NOEXIST);
		flow = bpf_map_lookup_elem(&flows, &key);
		if (!flow) {
			count_lost(LOST_DATAGRAMS);
			return;
		}
	}
	flow->used = now;
	__sync_fetch_and_add(sending ? &flow->sent : &flow->received, length);
	__sync_fetch_and_add(sending ? &flow->sent_packets : &flow->received_packets, 1);
	if (flow->pid != pid && flow->other != pid) {
		flow->other = pid;
		news = 1;
	}
	if (news)
		tell_flow(sk, &key, flow, leader);
}
