/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* UDP. */
#pragma once

#include "socket.h"

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
