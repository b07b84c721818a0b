/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What is there: walks over descriptor tables and over everything that is remembered of sockets.
 *
 * A walk is a pass, and passes are numbered, so that what one of them has seen need not be told
 * again. They run only while the collector reads, in its own process.
 */
#pragma once

#include "ahead.h"
#include "socket.h"

/* The rows of a walk over what is remembered. It takes as many walks as it needs to hand them all
 * over. */
struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_RINGBUF);
	MAP_NUMBER(max_entries, 1 << 21);
} rows SEC(".maps");

struct pass {
	__u32 number; /* which the collector counts up; never 0 */
	__u32 whole;  /* whether also what has not changed is told */
	__u32 unix_too; /* whether also the holders of UNIX sockets are told */
};

/* The current pass. */
struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_ARRAY);
	MAP_NUMBER(max_entries, 1);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, struct pass);
} passes SEC(".maps");

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
 * Changes whenever what is told of a socket's traffic does, for nothing that it counts ever shrinks.
 * What has been sent counts once it is acknowledged, whatever was sent again for it.
 */
INLINE __u64 carried(struct sock *sk, struct memory *memory)
{
	if (sk->sk_protocol == IPPROTO_TCP) {
		struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
		__u64 bytes = tcp ? tcp->bytes_received + tcp->bytes_acked : 0;
		/* Lest one load is made of both branches', which the verifier refuses. */
		asm volatile("" : "+r"(bytes));
		return bytes;
	}
	/* A datagram may be empty. */
	return memory->received + memory->sent + memory->received_packets + memory->sent_packets;
}

/* A number for the rest of what is told of a socket. Of a bound socket the local end stays. */
INLINE __u64 shape_of(struct sock *sk, struct memory *memory)
{
	struct sock_common *common = &sk->__sk_common;
	__u64 ports = (__u64)common->skc_dport << 16 | common->skc_num;
	__u64 rest = memory->pid ^ (__u64)common->skc_daddr << 32 ^ memory->seen;
	return ((ports << 8 | common->skc_state) * 0x9e3779b97f4a7c15 ^ rest) * 0x9e3779b97f4a7c15 |
	       1;
}

/* A holder, and the socket if there is anything to tell of it. */
struct row {
	struct holder_record holder;
	struct socket_record socket;
};

INLINE void describe_known(struct socket_record *record, struct sock *sk, __u64 cookie,
			   struct memory *memory, __u32 kind)
{
	fill(record, sk, cookie, memory, kind);
	record->header.pid = memory->pid;
	record->header.started = memory->started;
	record->known = memory->seen;
	if (sk->sk_socket)
		record->known |= HELD;
}

/* The socket behind a file, of whatever kind; null if there is none. */
INLINE struct sock *socket_of(struct file *file)
{
	struct socket *socket = bpf_sock_from_file(file);
	return socket ? socket->sk : 0;
}

/* What is remembered of a socket, which is made if need be; notes a holder where none is known. */
INLINE struct memory *remember_held(struct sock *sk, struct task_struct *leader)
{
	struct memory *memory = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (memory && !memory->pid &&
	    !__sync_val_compare_and_swap(&memory->pid, 0, leader->tgid)) {
		memory->started = leader->start_boottime;
		memory->netns = netns_of(sk);
	}
	return memory;
}

/* Of a listener, whether handshakes have begun that are not finished. */
INLINE __u8 is_half_open(struct sock *sk)
{
	__s32 length = 0;
	if (sk->sk_protocol == IPPROTO_TCP && sk->__sk_common.skc_state == TCP_LISTEN)
		bpf_probe_read_kernel(
			&length, sizeof(length),
			&((struct inet_connection_sock *)sk)->icsk_accept_queue.qlen);
	return length > 0;
}

INLINE void
name_holder(struct holder_record *record, struct sock *sk, struct task_struct *leader)
{
	record->cookie = cookie_of(sk, sk);
	record->started = leader->start_boottime;
	record->pid = leader->tgid;
	record->netns = netns_of(sk);
	record->length = 0;
	record->elsewhere = 0;
	record->half_open = is_half_open(sk);
	record->protocol = sk->sk_protocol;
}

/* A UNIX socket is known by its inode: whether its cookie is told depends on who tells of it. */
INLINE void
name_unix_holder(struct holder_record *record, struct file *file, struct task_struct *leader)
{
	__builtin_memset(record, 0, sizeof(*record));
	record->cookie = file->f_inode->i_ino;
	record->started = leader->start_boottime;
	record->pid = leader->tgid;
}

/* The sockets that one process holds. */
SEC("iter/task_file") int holdings(struct bpf_iter__task_file *context)
{
	struct file *file = context->file;
	struct task_struct *task = context->task;
	if (!file || !task)
		return 0;
	struct sock *sk = socket_of(file);
	if (!sk || !is_in_use(sk))
		return 0;
	struct task_struct *leader = task->group_leader;
	remember_held(sk, leader);
	struct holder_record record;
	name_holder(&record, sk, leader);
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}

/*
 * Every descriptor of every process: tells who holds which socket, and of sockets what has changed
 * since they were told.
 *
 * Most of the time is spent waiting for memory, so two walk at once, each over every other
 * descriptor.
 */
INLINE int walk(struct bpf_iter__task_file *context, __u32 remainder, int ahead)
{
	__u32 zero = 0;
	struct pass *pass = bpf_map_lookup_elem(&passes, &zero);
	struct file *file = context->file;
	struct task_struct *task = context->task;
	if (!pass || !file || !task || (context->fd & 1) != remainder)
		return 0;
	struct sock *sk = socket_of(file);
	if (!sk)
		return 0;
	if (ahead && context->fd % AHEAD == remainder)
		look_ahead(task, file, context->fd, remainder);
	struct task_struct *leader = task->group_leader;
	struct row row;
	if (pass->unix_too && sk->__sk_common.skc_family == AF_UNIX) {
		name_unix_holder(&row.holder, file, leader);
		bpf_seq_write(context->meta->seq, &row.holder, sizeof(row.holder));
		return 0;
	}
	if (!is_in_use(sk))
		return 0;
	struct memory *memory = remember_held(sk, leader);
	if (!memory)
		return 0;
	name_holder(&row.holder, sk, leader);
	/* Should both walks come by at once, it is told twice, which does no harm. */
	int first = memory->found != pass->number;
	__u64 told = first ? carried(sk, memory) : 0;
	__u64 shape = first ? shape_of(sk, memory) : 0;
	long refused;
	if (first && (pass->whole || memory->told != told || memory->shape != shape)) {
		row.holder.length = sizeof(row.socket);
		describe_known(&row.socket, sk, row.holder.cookie, memory, SOCKET_LISTED);
		refused = bpf_seq_write(context->meta->seq, &row, sizeof(row));
	} else {
		row.holder.elsewhere = !first;
		refused = bpf_seq_write(context->meta->seq, &row.holder, sizeof(row.holder));
	}
	/* Where there was no room, the kernel comes again with the same descriptor. */
	if (first && !refused) {
		memory->found = pass->number;
		memory->told = told;
		memory->shape = shape;
	}
	return 0;
}

SEC("iter/task_file") int even_holders(struct bpf_iter__task_file *context)
{
	return walk(context, 0, 1);
}

SEC("iter/task_file") int odd_holders(struct bpf_iter__task_file *context)
{
	return walk(context, 1, 1);
}

/* The same for kernels that don't let us look ahead, those before Linux 6.2. */
SEC("iter/task_file") int even_holders_plainly(struct bpf_iter__task_file *context)
{
	return walk(context, 0, 0);
}

SEC("iter/task_file") int odd_holders_plainly(struct bpf_iter__task_file *context)
{
	return walk(context, 1, 0);
}

/* Hands over what is known of a socket; 1, which ends the walk, if there is no room. */
INLINE int list(struct sock *sk, struct memory *memory, __u32 kind, __u64 carried)
{
	struct socket_record *record = bpf_ringbuf_reserve(&rows, sizeof(*record), 0);
	if (!record)
		return 1;
	describe_known(record, sk, bpf_get_socket_cookie(sk), memory, kind);
	memory->told = carried;
	submit(record);
	return 0;
}

/* Every socket that is remembered and that this pass found with nobody. */
SEC("iter/bpf_sk_storage_map") int unheld(struct bpf_iter__bpf_sk_storage_map *context)
{
	struct sock *sk = context->sk;
	struct memory *memory = context->value;
	__u32 zero = 0;
	struct pass *pass = bpf_map_lookup_elem(&passes, &zero);
	if (!sk || !memory || !pass)
		return 0;
	if (memory->found == pass->number || !is_in_use(sk))
		return 0;
	if (list(sk, memory, SOCKET_LISTED, carried(sk, memory)))
		return 1;
	memory->found = pass->number;
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
