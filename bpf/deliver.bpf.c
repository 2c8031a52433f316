// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * At the ingress of the lane's end in a network's namespace: frames that `arrive` has taken out of their datagrams, for
 * a container of this host. One that has gone since is nobody else's: the namespace itself must never see the frame, for
 * it would route it.
 */
#include "overlay.h"

MAP(macs, BPF_MAP_TYPE_HASH, sizeof(mac_key), sizeof(struct way), 16384, BPF_F_NO_PREALLOC);

PROGRAM(deliver)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethernet *eth = data;
	if ((void *)(eth + 1) > end)
		return DROP;
	mac_key key = key_of(eth->dest);
	struct way *way = map_lookup(&macs, &key);
	if (!way || way->vtep)
		return DROP;
	return redirect_peer(way->port, 0);
}
