/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the kernel tells of sockets and processes as it happens.
 *
 * Nothing here runs per packet, nothing is attached to system calls, and nothing changes what any
 * process does: the cgroup programs always allow.
 */

#include "kernel.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#include "flow.h"
#include "iterators.h"
#include "process.h"
#include "tcp.h"
#include "udp.h"
#include "use.h"
