/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The few kernel types and helpers that the programs use.
 *
 * Layouts here are no truth: every access is relocated against the running kernel's BTF when the
 * object is loaded (CO-RE), so only names and types of members matter, and only those that are
 * read are named.
 */
#pragma once

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef int __s32;

#define RELOCATED __attribute__((preserve_access_index))

/* include/uapi/linux/in.h, include/linux/socket.h, include/net/tcp_states.h */
enum { IPPROTO_TCP = 6, IPPROTO_UDP = 17 };
enum { AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10 };
enum {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT = 2,
	TCP_SYN_RECV = 3,
	TCP_FIN_WAIT1 = 4,
	TCP_CLOSE = 7,
	TCP_CLOSE_WAIT = 8,
	TCP_LAST_ACK = 9,
	TCP_LISTEN = 10,
};

/* include/linux/sched.h: a kernel thread, which owns no descriptors. */
#define PF_KTHREAD 0x00200000
/* include/net/sock.h, enum sock_flags: the peer's FIN has been received. */
#define SOCK_DONE 1

typedef struct {
	__s32 counter;
} atomic_t;

typedef struct {
	long long counter;
} atomic64_t;

typedef struct {
	__u32 val;
} kuid_t;

struct cred {
	kuid_t euid;
} RELOCATED;

struct signal_struct {
	atomic_t live;
} RELOCATED;

struct nsproxy {
	struct net *net_ns;
} RELOCATED;

struct task_struct {
	__u32 flags;
	__s32 pid;
	__s32 tgid;
	__u64 start_boottime;
	struct task_struct *group_leader;
	struct signal_struct *signal;
	const struct cred *cred;
	struct nsproxy *nsproxy;
	struct files_struct *files;
	char comm[16];
} RELOCATED;

struct linux_binprm {
	const char *filename;
} RELOCATED;

struct ns_common {
	__u32 inum;
} RELOCATED;

struct net {
	struct ns_common ns;
	__u64 net_cookie;
} RELOCATED;

typedef struct {
	struct net *net;
} possible_net_t;

struct in6_addr {
	__u8 bytes[16];
};

struct sock_common {
	__u32 skc_daddr;
	__u32 skc_rcv_saddr;
	__u16 skc_dport;
	__u16 skc_num;
	__u16 skc_family;
	volatile __u8 skc_state;
	__u8 skc_ipv6only : 1;
	unsigned long skc_flags;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
} RELOCATED;

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
	kuid_t sk_uid;
	struct socket *sk_socket;
	struct bpf_local_storage *sk_bpf_storage;
} RELOCATED;

struct socket {
	struct sock *sk;
} RELOCATED;

struct inode {
	unsigned long i_ino;
} RELOCATED;

struct file_operations;

typedef struct {
	long refcnt;
} file_ref_t;

struct file {
	struct inode *f_inode;
	const struct file_operations *f_op;
	void *private_data;
	file_ref_t f_ref; /* as of Linux 6.13 */
} RELOCATED;

struct fdtable {
	__u32 max_fds;
	struct file **fd;
} RELOCATED;

struct files_struct {
	struct fdtable *fdt;
} RELOCATED;

struct hlist_node;

struct hlist_head {
	struct hlist_node *first;
} RELOCATED;

/* What programs keep of a socket: net/core/bpf_sk_storage.c, kernel/bpf/bpf_local_storage.c. */
struct bpf_local_storage {
	void *cache[16];
	struct hlist_head list;
} RELOCATED;

struct bpf_local_storage_data {
	__u8 data[1];
} RELOCATED;

struct bpf_local_storage_elem {
	struct hlist_head snode; /* a hlist_node, of which only the place matters */
	struct bpf_local_storage_data sdata;
} RELOCATED;

/* Any structure would do that begins with a number as wide as an address: see ahead.h. */
struct timespec64 {
	long long tv_sec;
} RELOCATED;

struct inet_sock {
	__u16 inet_sport;
} RELOCATED;

struct request_sock_queue {
	atomic_t qlen;
} RELOCATED;

struct inet_connection_sock {
	struct request_sock_queue icsk_accept_queue;
} RELOCATED;

struct tcp_sock {
	__u64 bytes_received;
	__u64 bytes_sent;
	__u64 bytes_retrans;
	__u64 bytes_acked;
	__u32 srtt_us;
	__u32 total_retrans;
	__u32 segs_in;
	__u32 segs_out;
} RELOCATED;

/* What an iterator's program is called with: kernel/bpf/task_iter.c, net/core/bpf_sk_storage.c. */
struct bpf_iter_meta {
	struct seq_file *seq;
} RELOCATED;

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
} RELOCATED;

struct bpf_iter__bpf_sk_storage_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	struct sock *sk;
	void *value;
} RELOCATED;

/* Published layouts (include/uapi/linux/bpf.h), which need no relocation. */
struct bpf_sock {
	__u32 bound_dev_if;
	__u32 family;
	__u32 type;
	__u32 protocol;
	__u32 mark;
	__u32 priority;
	__u32 src_ip4;
	__u32 src_ip6[4];
	__u32 src_port;
	__u16 dst_port;
	__u16 : 16;
	__u32 dst_ip4;
	__u32 dst_ip6[4];
	__u32 state;
	__s32 rx_queue_mapping;
};

struct bpf_sock_addr {
	__u32 user_family;
	__u32 user_ip4;
	__u32 user_ip6[4];
	__u32 user_port;
	__u32 family;
	__u32 type;
	__u32 protocol;
	__u32 msg_src_ip4;
	__u32 msg_src_ip6[4];
	struct bpf_sock *sk __attribute__((aligned(8)));
};

enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_SK_STORAGE = 24,
	BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_F_NO_PREALLOC = 1, BPF_NOEXIST = 1 };
enum { BPF_SK_STORAGE_GET_F_CREATE = 1, BPF_RB_NO_WAKEUP = 1 };

/* How a map is declared: libbpf's convention, which loaders read from the object's own BTF. */
#define SEC(name) __attribute__((section(name), used))
#define MAP_NUMBER(name, value) int(*name)[value]
#define MAP_TYPE(name, type) __typeof__(type) *name
#define INLINE static inline __attribute__((always_inline))
/* What is long and has many callers: a call costs less than its copies. */
#define OUTLINE static __attribute__((noinline))

/* Helpers, by their numbers in include/uapi/linux/bpf.h. */
static void *(*bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*bpf_map_update_elem)(void *map, const void *key, const void *value,
				   __u64 flags) = (void *)2;
static __u64 (*bpf_get_current_uid_gid)(void) = (void *)15;
static __u64 (*bpf_get_socket_cookie)(void *context) = (void *)46;
static void *(*bpf_sk_storage_get)(void *map, void *sk, void *value, __u64 flags) = (void *)107;
static long (*bpf_probe_read_kernel)(void *to, __u32 size, const void *from) = (void *)113;
static long (*bpf_probe_read_kernel_str)(void *to, __u32 size, const void *from) = (void *)115;
static __u64 (*bpf_jiffies64)(void) = (void *)118;
static __u64 (*bpf_get_netns_cookie)(void *context) = (void *)122;
static long (*bpf_seq_write)(struct seq_file *to, const void *data, __u32 size) = (void *)127;
static __u64 (*bpf_ktime_get_boot_ns)(void) = (void *)125;
static void *(*bpf_ringbuf_reserve)(void *ring, __u64 size, __u64 flags) = (void *)131;
static void (*bpf_ringbuf_submit)(void *data, __u64 flags) = (void *)132;
static struct tcp_sock *(*bpf_skc_to_tcp_sock)(void *sk) = (void *)137;
static struct task_struct *(*bpf_get_current_task_btf)(void) = (void *)158;
static struct socket *(*bpf_sock_from_file)(struct file *file) = (void *)162;

/* A function of the kernel, by a number that no helper has. Functions are called by their place
 * among the kernel's types, which the loader puts there: crates/collect/src/linux/ebpf/ahead.rs. */
static void *(*bpf_rdonly_cast)(__u64 address, __u32 type) = (void *)0x70726f63;
