/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What is remembered and told of a socket. */
#pragma once

#include "kernel.h"
#include "record.h"
#include "ring.h"

/* What is remembered of a socket for as long as it lives; of TCP see young.h. */
struct memory {
	__u32 pid;   /* who opened or accepted it; 0 if not known yet */
	__u32 other; /* who else was last seen using it */
	__u64 started;
	__u64 received; /* of UDP, which the kernel does not count itself */
	__u64 sent;
	__u64 received_packets;
	__u64 sent_packets;
	__u64 peer; /* UDP: a number for the peer that it is connected to */
	__u32 netns;
	__u32 found;  /* the pass that last found anybody holding it, or listed it */
	__u32 seen;   /* of enum known, what events told */
	__u32 reserved;
	__u64 told;   /* what it had carried when it was last listed or counted */
	__u64 shape;  /* what else there was to tell when it was last listed; 0 if it never was */
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_SK_STORAGE);
	MAP_NUMBER(map_flags, BPF_F_NO_PREALLOC);
	MAP_TYPE(key, int);
	MAP_TYPE(value, struct memory);
} sockets SEC(".maps");

INLINE __u32 netns_of(struct sock *sk)
{
	return sk->__sk_common.skc_net.net->ns.inum;
}

/* What is asked of a field; bit fields are relocated by their parts. */
#define FIELD_BYTE_OFFSET 0
#define FIELD_BYTE_SIZE 1
#define FIELD_EXISTS 2
#define FIELD_LEFT_SHIFT 4
#define FIELD_RIGHT_SHIFT 5

INLINE __u8 is_v6_only(struct sock *sk)
{
	struct sock_common *common = &sk->__sk_common;
	__u64 value = 0;
	const void *from =
		(const void *)common +
		__builtin_preserve_field_info(common->skc_ipv6only, FIELD_BYTE_OFFSET);
	__u32 size = __builtin_preserve_field_info(common->skc_ipv6only, FIELD_BYTE_SIZE);
	if (size > sizeof(value))
		return 0;
	bpf_probe_read_kernel(&value, size, from);
	value <<= __builtin_preserve_field_info(common->skc_ipv6only, FIELD_LEFT_SHIFT);
	value >>= __builtin_preserve_field_info(common->skc_ipv6only, FIELD_RIGHT_SHIFT);
	return value != 0;
}

/* At a socket's end the port in host order has been taken back already, the other has not. */
INLINE __u16 local_port_of(struct sock *sk)
{
	__u16 port = sk->__sk_common.skc_num;
	if (!port) {
		bpf_probe_read_kernel(&port, sizeof(port), &((struct inet_sock *)sk)->inet_sport);
		port = __builtin_bswap16(port);
	}
	return port;
}

/* The bytes that programs sent and received. */
INLINE void payload(struct sock *sk, struct tcp_sock *tcp, __u64 *received, __u64 *sent)
{
	/* The peer's FIN counts as a byte received; our SYN and FIN count as bytes acknowledged, but
	 * not as bytes sent. */
	*received = tcp->bytes_received;
	if (*received && (sk->__sk_common.skc_flags >> SOCK_DONE & 1))
		(*received)--;
	__u64 once = tcp->bytes_sent - tcp->bytes_retrans;
	__u64 acknowledged = tcp->bytes_acked;
	*sent = acknowledged < once ? acknowledged : once;
}

INLINE void fill_tcp(struct socket_record *record, struct sock *sk)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	if (!tcp)
		return;
	payload(sk, tcp, &record->received, &record->sent);
	record->received_packets = tcp->segs_in;
	record->sent_packets = tcp->segs_out;
	record->rtt_us = tcp->srtt_us >> 3;
	record->retransmits = tcp->total_retrans;
}

INLINE void
fill(struct socket_record *record, struct sock *sk, __u64 cookie, struct memory *memory, __u32 kind)
{
	__builtin_memset(record, 0, sizeof(*record));
	record->header.at = bpf_ktime_get_boot_ns();
	record->header.kind = kind;
	record->header.uid = sk->sk_uid.val;
	record->cookie = cookie;
	record->netns = netns_of(sk);
	record->family = sk->__sk_common.skc_family;
	record->local_port = local_port_of(sk);
	record->remote_port = __builtin_bswap16(sk->__sk_common.skc_dport);
	record->protocol = sk->sk_protocol;
	record->state = sk->__sk_common.skc_state;
	record->former_state = record->state;
	if (record->family == AF_INET) {
		*(__u32 *)record->local = sk->__sk_common.skc_rcv_saddr;
		*(__u32 *)record->remote = sk->__sk_common.skc_daddr;
	} else {
		bpf_probe_read_kernel(record->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_probe_read_kernel(record->remote, 16, &sk->__sk_common.skc_v6_daddr);
		record->v6_only = is_v6_only(sk);
	}
	if (record->protocol == IPPROTO_TCP) {
		fill_tcp(record, sk);
	} else if (memory) {
		record->received = memory->received;
		record->sent = memory->sent;
		record->received_packets = memory->received_packets;
		record->sent_packets = memory->sent_packets;
	}
}

OUTLINE struct socket_record *
describe(struct sock *sk, __u64 cookie, struct memory *memory, __u32 kind)
{
	struct socket_record *record = reserve(sizeof(*record));
	if (record)
		fill(record, sk, cookie, memory, kind);
	return record;
}

/* `named` is what the helper takes here: the socket, or a control group's program's context. */
INLINE __u64 cookie_of(struct sock *sk, void *named)
{
	__u64 cookie = sk->__sk_common.skc_cookie.counter;
	return cookie ? cookie : bpf_get_socket_cookie(named);
}

/* Tells that the process uses the socket. */
OUTLINE void
tell_use(struct sock *sk, __u64 cookie, struct memory *memory, struct task_struct *leader)
{
	struct socket_record *record = describe(sk, cookie, memory, SOCKET_OWNER);
	if (!record)
		return;
	name_process(&record->header, leader);
	submit(record);
}

INLINE void remember(struct memory *memory, struct sock *sk, struct task_struct *leader)
{
	memory->pid = leader->tgid;
	memory->started = leader->start_boottime;
	memory->netns = netns_of(sk);
	memory->seen = PROCESS_SEEN;
}

/* Remembers that the process uses the socket; false if that was known. */
INLINE int is_new_user(struct sock *sk, struct memory *memory, struct task_struct *leader)
{
	__u32 pid = leader->tgid;
	if (memory->pid == pid || memory->other == pid)
		return 0;
	if (memory->pid)
		memory->other = pid;
	else
		remember(memory, sk, leader);
	return 1;
}
