/** Our UDP socket and TCP listener in one container's namespace, on one port of the engine's address. */
import { closeSync } from 'node:fs';
import { isKernelError } from '../../errors.js';
import { ENGINE_ADDRESS } from '../../kernel/rules/dns-rules.js';
import { portOf, setReceiveBuffer, tcpListenerIn, udpSocketIn } from '../../kernel/system/sockets.js';

export interface Listeners {
  readonly port: number;
  /** Descriptors, the caller's to wrap and to close. */
  readonly udp: number;
  readonly tcp: number;
}

/** A container may have taken all of them, and each try costs a millisecond then. */
const ATTEMPTS = 6;

/** What a program asks at once waits in the kernel: as many small datagrams as its rules let through (see nftables.ts). */
const RECEIVE_BYTES = 2.5 * 1024 * 1024;

/**
 * The kernel chooses the port, so that none is taken from the container that its own programs may want (53 above all:
 * bound by us, a DNS server in the container could not listen on 0.0.0.0:53). The loopback device has to be up. Throws a
 * KernelError.
 */
export function openListeners(namespace: string): Listeners {
  for (let attempt = 1; ; attempt++) {
    const tcp = tcpListenerIn(namespace, { address: ENGINE_ADDRESS, port: 0 });
    try {
      const port = portOf(tcp);
      const udp = udpSocketIn(namespace, { address: ENGINE_ADDRESS, port });
      setReceiveBuffer(udp, RECEIVE_BYTES);
      return { port, tcp, udp };
    } catch (e) {
      closeSync(tcp);
      if (!isKernelError(e, 'EADDRINUSE') || attempt === ATTEMPTS) throw e;
    }
  }
}
