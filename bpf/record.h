/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the programs tell: the layout that `crates/collect/src/parse/kernel_record.rs` reads.
 * No member is padded, numbers are in the machine's own byte order.
 */
#pragma once

#include "kernel.h"

enum kind {
	/* A TCP socket's state changed. */
	SOCKET_STATE = 1,
	/* A socket was found in use by a process that was not known to hold it. */
	SOCKET_OWNER = 2,
	/* A socket is gone. */
	SOCKET_CLOSED = 3,
	PROCESS_FORKED = 4,
	PROCESS_EXECUTED = 5,
	PROCESS_EXITED = 6,
	/* A UDP socket exchanges datagrams with a peer that it is not connected to. */
	SOCKET_FLOW = 7,
	/* A process calls itself something else; its name is the new one. */
	PROCESS_RENAMED = 8,
	/* A socket is there. */
	SOCKET_LISTED = 16,
	/* A socket has carried something. */
	SOCKET_COUNTED = 17,
};

/* What else is known of a socket that is listed. */
enum known {
	/* Something holds it, be it a process or the kernel; else nobody has accepted it, or it
	 * outlived its descriptors. */
	HELD = 1,
	/* The process that is named was seen opening, accepting or using it. */
	PROCESS_SEEN = 2,
};

/* Who, and when. */
struct header {
	__u64 at;      /* nanoseconds since boot, suspend included */
	__u64 started; /* when the process started, likewise; 0 if nobody is known */
	__u32 pid;     /* 0 if nobody is known */
	__u32 uid;     /* the process' effective user; of a socket, its own */
	char comm[16];
	__u32 kind;
	__u32 reserved;
};

struct process_record {
	struct header header;
	__u64 parent_started;
	__u32 parent;
	__u32 reserved;
	char file[128]; /* what is executed; empty but for PROCESS_EXECUTED */
};

struct socket_record {
	struct header header;
	__u64 cookie;
	__u64 received;
	__u64 sent;
	__u64 received_packets;
	__u64 sent_packets;
	__u32 rtt_us;
	__u32 retransmits;
	__u32 netns;
	__u16 family;
	__u16 local_port;
	__u16 remote_port;
	__u8 protocol;
	__u8 state; /* the new one */
	__u8 former_state; /* of a flow: 1 if the first datagram was sent, 0 if it was received */
	__u8 v6_only;
	__u8 known; /* enum known; only in a listing */
	__u8 reserved;
	__u8 local[16];
	__u8 remote[16];
};

/* A process that holds a socket. */
struct holder_record {
	__u64 cookie; /* of a UNIX socket its inode */
	__u64 started;
	__u32 pid;
	__u32 netns;
	__u32 length; /* of the socket_record that follows: 0 if there is none */
	__u8 elsewhere; /* where none follows: whether the socket is told at another descriptor */
	__u8 half_open; /* whether it listens, and handshakes have begun that are not finished */
	__u16 protocol; /* 0 for a UNIX socket, of which no more is told */
};

_Static_assert(sizeof(struct header) == 48, "no padding");
_Static_assert(sizeof(struct process_record) == 192, "no padding");
_Static_assert(sizeof(struct socket_record) == 144, "no padding");
_Static_assert(sizeof(struct holder_record) == 32, "no padding");
