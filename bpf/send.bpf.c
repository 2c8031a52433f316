// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * At the ingress of each port of a network: what a container sends, before the bridge.
 *
 * - Only IP in a frame without a tag, for a MAC that is known. ARP, broadcast and what is for gateways go by the bridge.
 * - Nothing longer than the ordinary way would carry in one piece: of what is to be cut later (GSO), each piece.
 * - What leaves for another host is as the VXLAN device would make it, but for the UDP checksum, which is zero (RFC 7348).
 */
#include "overlay.h"
#include <linux/ipv6.h>
#include <linux/tcp.h>

MAP(macs, BPF_MAP_TYPE_HASH, sizeof(mac_key), sizeof(struct way), 16384, BPF_F_NO_PREALLOC);

static long (*const adjust_room)(struct __sk_buff *skb, __s32 by, __u32 mode, __u64 flags) = (void *)BPF_FUNC_skb_adjust_room;
static __u32 (*const hash_of)(struct __sk_buff *skb) = (void *)BPF_FUNC_get_hash_recalc;
static __u32 (*const random_number)(void) = (void *)BPF_FUNC_get_prandom_u32;

#define ENCAPSULATE                                                                                             \
	(BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET | BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 |               \
	 BPF_F_ADJ_ROOM_ENCAP_L4_UDP | BPF_F_ADJ_ROOM_ENCAP_L2(ETH_HLEN) | BPF_F_ADJ_ROOM_ENCAP_L2_ETH)
/* The length of the outer IP packet has 16 bits. */
#define LONGEST_UNCUT 65400

/* Headers before the payload of each piece; 0 for what is not known to be cut like that. */
INLINE __u32 headers_of(void *data, void *end, __u8 protocol, __u32 before)
{
	if (protocol == IPPROTO_UDP)
		return before + sizeof(struct udphdr);
	struct tcphdr *tcp = data + before;
	if (protocol != IPPROTO_TCP || (void *)(tcp + 1) > end)
		return 0;
	return before + tcp->doff * 4;
}

PROGRAM(send)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethernet *eth = data;
	if ((void *)(eth + 1) + sizeof(struct iphdr) > end || skb->vlan_present)
		return NEXT;

	__u16 type = eth->type;
	__u8 tos, protocol;
	__u32 before = ETH_HLEN;
	if (type == BE16(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);
		if (ip->ihl < 5)
			return NEXT;
		tos = ip->tos;
		protocol = ip->protocol;
		before += ip->ihl * 4;
	} else if (type == BE16(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (void *)(eth + 1);
		if ((void *)(ip + 1) > end)
			return NEXT;
		tos = BE16(*(__u16 *)ip) >> 4;
		protocol = ip->nexthdr;
		before += sizeof(*ip);
	} else {
		return NEXT;
	}

	mac_key key = key_of(eth->dest);
	struct way *way = map_lookup(&macs, &key);
	if (!way)
		return NEXT;
	__u32 vtep = way->vtep, port = way->port, length = skb->len, piece = length;
	if (skb->gso_size) {
		__u32 headers = headers_of(data, end, protocol, before);
		if (!headers || length > LONGEST_UNCUT)
			return NEXT;
		piece = headers + skb->gso_size;
	}
	if (piece > LONGEST)
		return NEXT;

	if (!vtep) {
		/* A bridge sends nothing back to where it came from. */
		if (port == skb->ifindex)
			return NEXT;
		change_type(skb, PACKET_HOST);
		return redirect_peer(port, 0);
	}

	__u32 hash = hash_of(skb);
	if (adjust_room(skb, OUTER_BYTES, BPF_ADJ_ROOM_MAC, ENCAPSULATE))
		return NEXT;
	data = (void *)(long)skb->data;
	end = (void *)(long)skb->data_end;
	eth = data;
	struct outer *outer = (void *)(eth + 1);
	if ((void *)outer + OUTER_BYTES > end)
		return DROP;
	outer->inner = *eth;
	eth->type = BE16(ETH_P_IP);

	outer->ip.version = 4;
	outer->ip.ihl = 5;
	/* RFC 6040: a mark that the inner packet bears already is not repeated outside. */
	outer->ip.tos = (tos & CE) == CE ? 2 : tos & CE;
	outer->ip.tot_len = BE16(length + OUTER_BYTES - ETH_HLEN);
	outer->ip.id = random_number();
	outer->ip.frag_off = 0;
	outer->ip.ttl = 64;
	outer->ip.protocol = IPPROTO_UDP;
	outer->ip.check = 0;
	outer->ip.saddr = OWN_VTEP;
	outer->ip.daddr = vtep;
	outer->ip.check = ~sum_of(&outer->ip);
	/* One flow, one source port: the way through the underlay is chosen by it. */
	outer->udp.source = BE16(0x8000 | ((hash ^ hash >> 16) & 0x3fff));
	outer->udp.dest = VXLAN_PORT;
	outer->udp.len = BE16(length + OUTER_BYTES - ETH_HLEN - sizeof(struct iphdr));
	outer->udp.check = 0;
	outer->flags = HAS_VNI;
	outer->vni = NETWORK_VNI;
	return redirect_peer(LANE, 0);
}
