/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* UDP. */
#pragma once

#include "socket.h"

/*
 * A server that nobody has asked yet is told when it is bound. The context does not name the
 * network namespace; the process does, unless it has moved since it made the socket.
 */
INLINE int bound(struct bpf_sock *context, __u16 family)
{
	struct task_struct *leader = current_process();
	if (context->protocol != IPPROTO_UDP || !leader)
		return 1;
	struct net *net = bpf_get_current_task_btf()->nsproxy->net_ns;
	if (net->net_cookie != bpf_get_netns_cookie(context))
		return 1;
	struct memory *memory =
		bpf_sk_storage_get(&sockets, context, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!memory || memory->pid)
		return 1;
	memory->pid = leader->tgid;
	memory->started = leader->start_boottime;
	memory->netns = net->ns.inum;
	struct socket_record *record = reserve(sizeof(*record));
	if (!record)
		return 1;
	__builtin_memset(record, 0, sizeof(*record));
	record->header.at = bpf_ktime_get_boot_ns();
	record->header.kind = SOCKET_OWNER;
	record->header.uid = bpf_get_current_uid_gid();
	record->cookie = bpf_get_socket_cookie(context);
	record->netns = memory->netns;
	record->family = family;
	record->local_port = context->src_port;
	record->protocol = IPPROTO_UDP;
	record->state = TCP_CLOSE;
	record->former_state = TCP_CLOSE;
	__u32 *local = (__u32 *)record->local;
	if (family == AF_INET) {
		local[0] = context->src_ip4;
	} else {
		local[0] = context->src_ip6[0];
		local[1] = context->src_ip6[1];
		local[2] = context->src_ip6[2];
		local[3] = context->src_ip6[3];
	}
	name_process(&record->header, leader);
	submit(record);
	return 1;
}

SEC("cgroup/post_bind4") int bound4(struct bpf_sock *context)
{
	return bound(context, AF_INET);
}

SEC("cgroup/post_bind6") int bound6(struct bpf_sock *context)
{
	return bound(context, AF_INET6);
}

/* The end of UDP sockets, which have no other. */
SEC("cgroup/sock_release") int released(struct bpf_sock *context)
{
	if (context->protocol != IPPROTO_UDP)
		return 1;
	struct memory *memory = bpf_sk_storage_get(&sockets, context, 0, 0);
	if (!memory || !memory->pid)
		return 1;
	struct socket_record *record = reserve(sizeof(*record));
	if (!record)
		return 1;
	__builtin_memset(record, 0, sizeof(*record));
	record->header.at = bpf_ktime_get_boot_ns();
	record->header.kind = SOCKET_CLOSED;
	record->header.pid = memory->pid;
	record->header.started = memory->started;
	record->cookie = bpf_get_socket_cookie(context);
	record->netns = memory->netns;
	record->family = context->family;
	record->protocol = IPPROTO_UDP;
	record->state = TCP_CLOSE;
	record->received = memory->received;
	record->sent = memory->sent;
	record->received_packets = memory->received_packets;
	record->sent_packets = memory->sent_packets;
	submit(record);
	return 1;
}
