/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What the programs share. They lie over the ordinary way of a frame (port, bridge, VXLAN device), which stays as it is:
 * each program takes what it knows for certain, and leaves all else to that way (NEXT).
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>

#define PROGRAM(name) __attribute__((section("program"), used)) int name(struct __sk_buff *skb)
#define INLINE static inline __attribute__((always_inline))
/* All hosts that run it (x86-64, arm64) are little-endian. */
#define BE16(x) __builtin_bswap16(x)
#define BE32(x) __builtin_bswap32(x)

/* To the next filter, and then to the bridge, or to the host's own stack. */
#define NEXT TC_ACT_UNSPEC
#define DROP TC_ACT_SHOT

/*
 * Set when a program is loaded: its code is that of one network, or of one host. The loader finds them by these numbers
 * (src/kernel/bpf/program.ts).
 */
#define SETTING(number) ({ __u64 value; asm("%0 = " #number " ll" : "=r"(value)); (__u32)value; })
#define OWN_VTEP SETTING(0x7473fe01)    /* as it is in an IP header */
#define VXLAN_PORT SETTING(0x7473fe02)  /* as it is in a UDP header */
#define NETWORK_VNI SETTING(0x7473fe03) /* as it is in a VXLAN header */
#define LONGEST SETTING(0x7473fe04)     /* frame that fits, Ethernet header included, bytes */
#define LANE SETTING(0x7473fe05)      /* index of the lane's end in the network's namespace */

struct map {
	__u32 type, key_size, value_size, max_entries, flags;
};
#define MAP(name, ...) struct map name __attribute__((section("maps"), used)) = {__VA_ARGS__}

/* Where a MAC of a network is: behind another host, or, where there is no VTEP, behind the port of that index. */
struct way {
	__u32 vtep;
	__u32 port;
};

/* The MAC's six bytes and two of zero. */
typedef __u64 mac_key;

/* As the kernel's `struct ethhdr`, which is packed: that one would be read byte by byte. */
struct ethernet {
	__u16 dest[3], source[3], type;
};

/* What stands before the inner packet, behind the outer Ethernet header. Without its end, which C would pad. */
struct outer {
	struct iphdr ip;
	struct udphdr udp;
	__u32 flags;
	__u32 vni;
	struct ethernet inner;
};
#define OUTER_BYTES 50

#define HAS_VNI BE32(0x08000000)
#define CE 3

/* By their numbers: uapi/linux/bpf.h. */
static void *(*const map_lookup)(void *map, const void *key) = (void *)BPF_FUNC_map_lookup_elem;
static long (*const redirect_peer)(__u32 ifindex, __u64 flags) = (void *)BPF_FUNC_redirect_peer;
static long (*const change_type)(struct __sk_buff *skb, __u32 type) = (void *)BPF_FUNC_skb_change_type;

INLINE mac_key key_of(const __u16 *mac)
{
	return *(const __u32 *)mac | (__u64)mac[2] << 32;
}

/* Of an IP header without options, whatever stands in its checksum. */
INLINE __u32 sum_of(const struct iphdr *ip)
{
	const __u16 *words = (const __u16 *)ip;
	__u32 sum = 0;
#pragma unroll
	for (int i = 0; i < 10; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

char licence_of_all[] __attribute__((section("license"), used)) = "Dual MIT/GPL";
