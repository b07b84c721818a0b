/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the kernel tells of sockets and processes as it happens.
 *
 * Nothing here runs per packet, nothing is attached to system calls, and nothing changes what any
 * process does: the cgroup programs always allow.
 */
#include "kernel.h"
#include "record.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_RINGBUF);
	MAP_NUMBER(max_entries, 1 << 23);
} records SEC(".maps");

/* Records that found the ring full. */
struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	MAP_NUMBER(max_entries, 1);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, __u64);
} lost SEC(".maps");

/* What is remembered of a socket for as long as it lives. */
struct memory {
	__u32 pid;   /* who opened or accepted it; 0 if not known yet */
	__u32 other; /* who else was last seen using it */
	__u64 started;
	__u64 received; /* of UDP, which the kernel does not count itself */
	__u64 sent;
	__u32 netns;
	__u32 state; /* TCP: the last one that was seen, so that the second copy keeps quiet */
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_SK_STORAGE);
	MAP_NUMBER(map_flags, BPF_F_NO_PREALLOC);
	MAP_TYPE(key, int);
	MAP_TYPE(value, struct memory);
} sockets SEC(".maps");

INLINE void *reserve(__u64 size)
{
	void *record = bpf_ringbuf_reserve(&records, size, 0);
	if (!record) {
		__u32 zero = 0;
		__u64 *count = bpf_map_lookup_elem(&lost, &zero);
		if (count)
			(*count)++;
	}
	return record;
}

/* The reader comes at its own pace: waking it for each record would cost more than the record. */
INLINE void submit(void *record)
{
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

/* The process that runs here, or null if none does that could hold a descriptor. */
INLINE struct task_struct *current_process(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	if (task->flags & PF_KTHREAD || task->tgid == 0)
		return 0;
	return task->group_leader;
}

INLINE void name_process(struct header *header, struct task_struct *leader)
{
	header->started = leader->start_boottime;
	header->pid = leader->tgid;
	bpf_probe_read_kernel_str(header->comm, sizeof(header->comm), leader->comm);
}

INLINE __u32 netns_of(struct sock *sk)
{
	return sk->__sk_common.skc_net.net->ns.inum;
}

/* Bit fields are relocated by their parts. */
#define FIELD_BYTE_OFFSET 0
#define FIELD_BYTE_SIZE 1
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

INLINE void describe_tcp(struct socket_record *record, struct sock *sk)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	if (!tcp)
		return;
	/* The peer's FIN counts as a byte received; our SYN and FIN count as bytes acknowledged, but
	 * not as bytes sent. */
	__u64 received = tcp->bytes_received;
	if (received && (sk->__sk_common.skc_flags >> SOCK_DONE & 1))
		received--;
	__u64 payload = tcp->bytes_sent - tcp->bytes_retrans;
	__u64 acknowledged = tcp->bytes_acked;
	record->received = received;
	record->sent = acknowledged < payload ? acknowledged : payload;
	record->rtt_us = tcp->srtt_us >> 3;
	record->retransmits = tcp->total_retrans;
}

INLINE struct socket_record *
describe(struct sock *sk, __u64 cookie, struct memory *memory, __u32 kind)
{
	struct socket_record *record = reserve(sizeof(*record));
	if (!record)
		return 0;
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
		describe_tcp(record, sk);
	} else if (memory) {
		record->received = memory->received;
		record->sent = memory->sent;
	}
	return record;
}

/*
 * Tells that the process uses the socket, unless that is known. `named` is what the helper for
 * cookies takes here: the socket, or the context of a control group's program.
 */
INLINE void
note_use(struct sock *sk, void *named, struct memory *memory, struct task_struct *leader)
{
	__u32 pid = leader->tgid;
	if (memory->pid == pid || memory->other == pid)
		return;
	if (memory->pid) {
		memory->other = pid;
	} else {
		memory->pid = pid;
		memory->started = leader->start_boottime;
		memory->netns = netns_of(sk);
	}
	struct socket_record *record = describe(sk, bpf_get_socket_cookie(named), memory, SOCKET_OWNER);
	if (!record)
		return;
	name_process(&record->header, leader);
	submit(record);
}

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
	submit(record);
	return 1;
}

INLINE struct process_record *describe_process(struct task_struct *leader, __u32 kind)
{
	struct process_record *record = reserve(sizeof(*record));
	if (!record)
		return 0;
	__builtin_memset(record, 0, sizeof(*record));
	record->header.at = bpf_ktime_get_boot_ns();
	record->header.kind = kind;
	record->header.uid = leader->cred->euid.val;
	name_process(&record->header, leader);
	return record;
}

SEC("tp_btf/sched_process_fork") int forked(__u64 *arguments)
{
	struct task_struct *parent = (struct task_struct *)arguments[0];
	struct task_struct *child = (struct task_struct *)arguments[1];
	if (child->pid != child->tgid || child->flags & PF_KTHREAD)
		return 0;
	struct process_record *record = describe_process(child, PROCESS_FORKED);
	if (!record)
		return 0;
	record->parent = parent->tgid;
	record->parent_started = parent->group_leader->start_boottime;
	submit(record);
	return 0;
}

SEC("tp_btf/sched_process_exec") int executed(__u64 *arguments)
{
	struct task_struct *task = (struct task_struct *)arguments[0];
	struct linux_binprm *program = (struct linux_binprm *)arguments[2];
	if (task->flags & PF_KTHREAD)
		return 0;
	struct process_record *record = describe_process(task->group_leader, PROCESS_EXECUTED);
	if (!record)
		return 0;
	bpf_probe_read_kernel_str(record->file, sizeof(record->file), program->filename);
	submit(record);
	return 0;
}

SEC("tp_btf/sched_process_exit") int exited(__u64 *arguments)
{
	struct task_struct *task = (struct task_struct *)arguments[0];
	/* The process ends with its last thread. */
	if (task->signal->live.counter != 0 || task->flags & PF_KTHREAD)
		return 0;
	struct process_record *record = describe_process(task->group_leader, PROCESS_EXITED);
	if (record)
		submit(record);
	return 0;
}
