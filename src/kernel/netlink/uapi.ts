/** The kernel's own numbers, under their names in linux/{rtnetlink,if_link,if_addr,neighbour,if}.h. */

export const AF = { UNSPEC: 0, INET: 2, BRIDGE: 7, INET6: 10 } as const;

export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  SETLINK: 19,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  NEWNEIGH: 28,
  DELNEIGH: 29,
  GETNEIGH: 30,
  NEWQDISC: 36,
  DELQDISC: 37,
  GETQDISC: 38,
  NEWTFILTER: 44,
  DELTFILTER: 45,
  GETTFILTER: 46,
  GETNSID: 90,
} as const;

/** Multicast groups. */
export const RTNLGRP = { LINK: 1, NEIGH: 3, TC: 4, IPV4_IFADDR: 5, IPV6_IFADDR: 9 } as const;

export const IFF_UP = 1;

export const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  MASTER: 10,
  PROTINFO: 12,
  LINKINFO: 18,
  IFALIAS: 20,
  GROUP: 27,
  NET_NS_FD: 28,
  EXT_MASK: 29,
  LINK_NETNSID: 37,
} as const;
/** Counters make up most of a link's message, and nobody here reads them. */
export const RTEXT_FILTER_SKIP_STATS = 8;

export const IFLA_INFO = { KIND: 1, DATA: 2, SLAVE_KIND: 4, SLAVE_DATA: 5 } as const;
export const IFLA_BR = { MCAST_SNOOPING: 23, VLAN_DEFAULT_PVID: 39 } as const;
export const IFLA_BRPORT = { LEARNING: 8, UNICAST_FLOOD: 9, FLUSH: 24, ISOLATED: 33 } as const;
export const VETH_INFO_PEER = 1;
export const IFLA_VXLAN = {
  ID: 1,
  LOCAL: 4,
  LEARNING: 7,
  PROXY: 11,
  PORT: 15,
  GROUP6: 16,
  LOCAL6: 17,
  DF: 29,
} as const;

export const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4 } as const;
export const IFA_F_NODAD = 2;

export const NDA = { DST: 1, LLADDR: 2, IFINDEX: 8, MASTER: 9, NDM_STATE_MASK: 16 } as const;
export const NUD_NOARP = 0x40;
export const NUD_PERMANENT = 0x80;
export const NTF_SELF = 2;
export const NTF_MASTER = 4;

/** NLM_F_BULK: removes all that match. */
export const FLAG_BULK = 0x200;

/** net_namespace.h: of a namespace in the eyes of another one. */
export const NETNSA = { NSID: 1, FD: 3 } as const;

export const RTA = { DST: 1, OIF: 4, GATEWAY: 5, PREFSRC: 7, MULTIPATH: 9, TABLE: 15 } as const;
export const RT_TABLE_MAIN = 254;
export const RT_SCOPE_UNIVERSE = 0;
export const RT_SCOPE_LINK = 253;
export const RTN_UNICAST = 1;
export const RTPROT_KERNEL = 2;
export const RTPROT_BOOT = 3;
/** Route types that hold a place in the address space: unicast, blackhole, unreachable, prohibit, throw. */
export const OCCUPYING_ROUTES: readonly number[] = [1, 6, 7, 8, 9];
