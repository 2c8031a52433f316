/** What speaks against the way to a host, by what probes have found. Pure. */
import { vxlanOverhead } from '../plan/underlay.js';
import type { Passage, Probed, Tally } from './passage.js';

export type ProbeTrouble = 'answer' | 'loss' | 'mtu' | 'offload';

export interface ProbeFinding {
  readonly trouble: ProbeTrouble;
  /** One sentence; the host it is about is said elsewhere. */
  readonly what: string;
  readonly cure: string;
}

/** Of twenty datagrams one or two may be lost by chance. */
const MOST_LOST = 2;

/** `port`: UDP, of VXLAN. */
export function judgeProbe(probed: Probed, port: number): readonly ProbeFinding[] {
  if (!probed.answered) return [probed.heard === true ? notThere(port) : silent(port)];
  return [...judgeLoss(probed), ...judgeMtu(probed), ...judgeOffload(probed)];
}

const silent = (port: number): ProbeFinding => ({
  trouble: 'answer',
  what: `no answer came through UDP ${port}`,
  cure: `let UDP ${port} pass between the two hosts, in both directions: firewalls on them and between them; and see that tsoverlay runs on the other`,
});

const notThere = (port: number): ProbeFinding => ({
  trouble: 'answer',
  what: `no answer came through UDP ${port}, and what that host sends arrives here: it is the way there that is shut`,
  cure: `let UDP ${port} pass from this host to that one: what this host sends, what that one lets in, and firewalls between them`,
});

function judgeLoss({ there, back }: Passage): readonly ProbeFinding[] {
  const words = ([direction, { sent, arrived }]: readonly [string, Tally]): readonly ProbeFinding[] =>
    sent - arrived <= MOST_LOST
      ? []
      : [
          {
            trouble: 'loss',
            what: `${sent - arrived} of ${sent} packets were lost on the way ${direction}`,
            cure: 'look at the counters of the cards and switches in this direction (ip -s link), and for a link or a host that is too busy',
          },
        ];
  return (
    [
      ['there', there],
      ['back', back],
    ] as const
  ).flatMap(words);
}

function judgeMtu({ peer, mtu: { planned, there, back }, cut }: Passage): readonly ProbeFinding[] {
  if (there >= planned && back >= planned) return [];
  const ways = [there < planned ? `${there} bytes there` : [], back < planned ? `${back} bytes back` : []].flat();
  const overhead = vxlanOverhead(peer);
  const rest = cut ? 'larger ones are cut on their way, which makes them slow' : 'larger ones are lost';
  return [
    {
      trouble: 'mtu',
      what: `packets of ${planned} bytes should pass uncut, but the path takes ${ways.join(' and ')}; ${rest}`,
      cure: `give the path the MTU that the hosts' cards have, or make the networks with -o com.docker.network.driver.mtu=${Math.min(there, back) + overhead} or less`,
    },
  ];
}

function judgeOffload({ checksum: { there, back }, segments, mtu, cut }: Passage): readonly ProbeFinding[] {
  const direction = there && back ? undefined : there ? 'back' : back ? 'there' : 'there and back';
  // Where large packets do not pass anyhow, it is not the card's doing.
  const isSegments = there && !segments && cut && mtu.there >= mtu.planned;
  if (direction === undefined && !isSegments) return [];
  return [
    {
      trouble: 'offload',
      what:
        direction === undefined
          ? 'packets that the card cuts out of larger pieces are lost on the way there, and others of the same size pass'
          : `packets whose checksum a card reckons are lost on the way ${direction}, and those without a checksum pass`,
      cure: 'on the host that sends, turn off what its card does to packets inside of VXLAN: ethtool -K CARD tx-checksum-ip-generic off (vmxnet3), or tx-udp_tnl-segmentation off tx-udp_tnl-csum-segmentation off; see the driver for an update',
    },
  ];
}
