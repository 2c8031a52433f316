// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * At the ingress of the underlay's device: VXLAN that comes from another host, before all rules of this one. So it must
 * be what the guard of the port would let in, and more:
 *
 * - to this host's VTEP and its MAC, sound, in one piece, from a sender that is reached by this very device, and with more
 *   hops to go than what a container may have made (see src/kernel/rules/guard-rules.ts);
 * - of a network of ours, from a MAC that is behind this very VTEP, for a MAC that is behind a port of this host.
 *
 * All else is for the host's stack, the guard and the VXLAN device to judge. A congested underlay (CE) is theirs too, for
 * the mark goes into the inner packet or ends it.
 */
#include "overlay.h"

/* VNI to that network's MACs, and to the index of its lane's end in this namespace. */
MAP(networks, BPF_MAP_TYPE_HASH_OF_MAPS, sizeof(__u32), sizeof(__u32), 4096, BPF_F_NO_PREALLOC);
MAP(lanes, BPF_MAP_TYPE_HASH, sizeof(__u32), sizeof(__u32), 4096, BPF_F_NO_PREALLOC);

static long (*const adjust_room)(struct __sk_buff *skb, __s32 by, __u32 mode, __u64 flags) = (void *)BPF_FUNC_skb_adjust_room;
static long (*const pull_data)(struct __sk_buff *skb, __u32 length) = (void *)BPF_FUNC_skb_pull_data;
static long (*const csum_level)(struct __sk_buff *skb, __u64 what) = (void *)BPF_FUNC_csum_level;
static long (*const fib_lookup)(void *ctx, struct bpf_fib_lookup *params, int length, __u32 flags) = (void *)BPF_FUNC_fib_lookup;

#define AF_INET 2
#define FRAGMENT BE16(0x3fff)
/* What no node has sent has at most as many hops to go. */
#define FAR 32
/* Of Linux 6.3; an older kernel refuses it, and IPv6 takes the ordinary way. */
#define TO_IPV6 (1ULL << 8)

INLINE int is_ours(struct __sk_buff *skb, struct ethernet *eth, struct outer *outer)
{
	if (outer->ip.version != 4 || outer->ip.ihl != 5 || outer->ip.daddr != OWN_VTEP || outer->ip.ttl <= FAR)
		return 0;
	if ((outer->ip.frag_off & FRAGMENT) || (outer->ip.tos & CE) == CE || sum_of(&outer->ip) != 0xffff)
		return 0;
	__u32 length = BE16(outer->ip.tot_len);
	if (!skb->gso_size && length + ETH_HLEN != skb->len)
		return 0;
	if (BE16(outer->udp.len) + sizeof(outer->ip) != length)
		return 0;
	return outer->flags == HAS_VNI && (outer->inner.type == BE16(ETH_P_IP) || outer->inner.type == BE16(ETH_P_IPV6));
}

/*
 * Of several packets that were put together (GRO), those of TCP alone: the kernel keeps taking them for a tunnel's, and would
 * cut what is of UDP like one.
 */
INLINE int is_whole(struct __sk_buff *skb, struct outer *outer, void *end)
{
	__u8 *packet = (void *)outer + OUTER_BYTES;
	if (!skb->gso_size)
		return 1;
	if (packet + sizeof(struct iphdr) > (__u8 *)end)
		return 0;
	return packet[outer->inner.type == BE16(ETH_P_IP) ? 9 : 6] == IPPROTO_TCP;
}

PROGRAM(arrive)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethernet *eth = data;
	struct outer *outer = (void *)(eth + 1);
	/* First what nearly all traffic of a host is not. */
	if ((void *)(&outer->udp + 1) > end || eth->type != BE16(ETH_P_IP))
		return NEXT;
	if (outer->ip.protocol != IPPROTO_UDP || outer->udp.dest != VXLAN_PORT)
		return NEXT;
	if (skb->pkt_type != PACKET_HOST || skb->vlan_present)
		return NEXT;
	if ((void *)outer + OUTER_BYTES > end) {
		if (pull_data(skb, ETH_HLEN + OUTER_BYTES))
			return NEXT;
		data = (void *)(long)skb->data;
		end = (void *)(long)skb->data_end;
		eth = data;
		outer = (void *)(eth + 1);
		if ((void *)outer + OUTER_BYTES > end)
			return NEXT;
	}
	if (!is_ours(skb, eth, outer) || !is_whole(skb, outer, end))
		return NEXT;

	__u32 vni = outer->vni, sender = outer->ip.saddr;
	void *macs = map_lookup(&networks, &vni);
	__u32 *lane = map_lookup(&lanes, &vni);
	if (!macs || !lane)
		return NEXT;
	mac_key key = key_of(outer->inner.source);
	struct way *way = map_lookup(macs, &key);
	if (!way || way->vtep != sender)
		return NEXT;
	key = key_of(outer->inner.dest);
	way = map_lookup(macs, &key);
	if (!way || way->vtep)
		return NEXT;

	struct bpf_fib_lookup back = {
		.family = AF_INET,
		.l4_protocol = IPPROTO_UDP,
		.dport = outer->udp.dest,
		.ifindex = skb->ifindex,
		.ipv4_src = outer->ip.daddr,
		.ipv4_dst = sender,
	};
	long found = fib_lookup(skb, &back, sizeof(back), 0);
	if (found != BPF_FIB_LKUP_RET_SUCCESS && found != BPF_FIB_LKUP_RET_NO_NEIGH)
		return NEXT;
	if (back.ifindex != skb->ifindex)
		return NEXT;

	/* How many checksums the card or the kernel has seen to be right already; negative where nothing is known. */
	long level = (int)csum_level(skb, BPF_CSUM_LEVEL_QUERY);
	if (outer->udp.check && level < 0)
		return NEXT;
	__u32 to = *lane;
	struct ethernet inner = outer->inner;
	__u64 flags = BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET;
	if (inner.type == BE16(ETH_P_IPV6))
		flags |= TO_IPV6;
	if (adjust_room(skb, -OUTER_BYTES, BPF_ADJ_ROOM_MAC, flags))
		return NEXT;
	/* One less: that of the outer datagram. */
	if (level > 0)
		csum_level(skb, BPF_CSUM_LEVEL_DEC);
	else if (level == 0)
		csum_level(skb, BPF_CSUM_LEVEL_RESET);
	data = (void *)(long)skb->data;
	end = (void *)(long)skb->data_end;
	eth = data;
	if ((void *)(eth + 1) > end)
		return DROP;
	*eth = inner;
	return redirect_peer(to, 0);
}
