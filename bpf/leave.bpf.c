// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * At the ingress of the lane's end in the host's namespace: datagrams that `send` has made, on their way to another
 * host. There is no ordinary way from here on: what has no route is dropped, as the host itself would do.
 */
#include "overlay.h"

static long (*const fib_lookup)(void *ctx, struct bpf_fib_lookup *params, int length, __u32 flags) = (void *)BPF_FUNC_fib_lookup;
static long (*const redirect_neigh)(__u32 ifindex, struct bpf_redir_neigh *next, int length, __u64 flags) = (void *)BPF_FUNC_redirect_neigh;

#define AF_INET 2

PROGRAM(leave)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethernet *eth = data;
	struct outer *outer = (void *)(eth + 1);
	if ((void *)outer + OUTER_BYTES > end || eth->type != BE16(ETH_P_IP))
		return DROP;
	if (outer->ip.saddr != OWN_VTEP || outer->ip.protocol != IPPROTO_UDP || outer->udp.dest != VXLAN_PORT)
		return DROP;

	struct bpf_fib_lookup fib = {
		.family = AF_INET,
		.l4_protocol = IPPROTO_UDP,
		.sport = outer->udp.source,
		.dport = outer->udp.dest,
		.ifindex = skb->ifindex,
		.ipv4_src = outer->ip.saddr,
		.ipv4_dst = outer->ip.daddr,
	};
	long found = fib_lookup(skb, &fib, sizeof(fib), 0);
	if (found != BPF_FIB_LKUP_RET_SUCCESS && found != BPF_FIB_LKUP_RET_NO_NEIGH)
		return DROP;
	/* The gateway, which may be of the other family, or the host itself; its MAC is asked for where it is not known. */
	struct bpf_redir_neigh next = {.nh_family = fib.family};
	next.ipv6_nh[0] = fib.ipv6_dst[0];
	next.ipv6_nh[1] = fib.ipv6_dst[1];
	next.ipv6_nh[2] = fib.ipv6_dst[2];
	next.ipv6_nh[3] = fib.ipv6_dst[3];
	return redirect_neigh(fib.ifindex, &next, sizeof(next), 0);
}
