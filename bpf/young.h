/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Who uses a TCP socket that has not lived for long.
 *
 * Most connections are over before memory of their own would be worth its making: socket storage
 * costs more than all else here together. So what is to be known of a young socket stands in a
 * table of fixed size, in the place that its cookie names. Cookies count up: places are taken in
 * turn, and belong to the youngest. Who is still in use when another has taken its place, or when
 * some time has gone by, gets storage.
 */
#pragma once

#include "socket.h"

#define YOUNG_PLACES 65536

/* Each has 32 bits of the cookie beyond those that name the place, 8 of the time, 24 for a pid. */
struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_ARRAY);
	MAP_NUMBER(max_entries, YOUNG_PLACES);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, __u64);
} young SEC(".maps");

#define PROCESS_BITS 0xffffffULL
#define TIME_BITS 0xff000000ULL

/* A quarter of a second to two and a half seconds, as the kernel's clock ticks. */
INLINE __u64 time_bits(void)
{
	return bpf_jiffies64() >> 8 << 24 & TIME_BITS;
}

INLINE __u64 *place_of(__u64 cookie)
{
	__u32 place = cookie % YOUNG_PLACES;
	return bpf_map_lookup_elem(&young, &place);
}

INLINE __u64 cookie_bits(__u64 cookie)
{
	return cookie / YOUNG_PLACES << 32;
}

/* Whether anybody is known to use it. */
INLINE int is_young(__u64 cookie)
{
	__u64 *place = place_of(cookie);
	return place && *place >> 32 == cookie_bits(cookie) >> 32 && *place & PROCESS_BITS;
}

INLINE void keep_young(__u64 cookie, __u32 pid)
{
	__u64 *place = place_of(cookie);
	if (place)
		*place = cookie_bits(cookie) | time_bits() | pid;
}

/*
 * Notes that the process uses the TCP socket, and tells so unless that is known. `named` is what
 * the helper for cookies takes here.
 */
INLINE void tcp_used(struct sock *sk, void *named, struct task_struct *leader)
{
	__u64 cookie = cookie_of(sk, named);
	__u64 *place = place_of(cookie);
	if (!place)
		return;
	__u32 pid = leader->tgid;
	__u64 before = *place;
	__u64 now = cookie_bits(cookie) | time_bits() | pid;
	if (before == now)
		return;
	__u64 create = BPF_SK_STORAGE_GET_F_CREATE;
	if (before >> 32 <= now >> 32) {
		*place = now;
		if (before >> 32 != now >> 32)
			create = 0;
	}
	struct memory *memory = bpf_sk_storage_get(&sockets, sk, 0, create);
	if (!memory) {
		if (!create)
			tell_use(sk, cookie, 0, leader);
		return;
	}
	if (!memory->pid && !((before ^ now) & ~TIME_BITS))
		remember(memory, sk, leader);
	else if (is_new_user(sk, memory, leader))
		tell_use(sk, cookie, memory, leader);
}
