/**
 * The DNS server that the hosts' resolv.conf names, standing for the world outside: it knows outside.example, and takes
 * its time for whatever ends in slow.example. Run by the lab in the LAN's namespace:
 * `tsx test/lab/nameserver.ts <address>`.
 */
import { createSocket } from 'node:dgram';
import {
  type Answer,
  type DecodedPacket,
  decode,
  encode,
  type Packet,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
} from 'dns-packet';
import { setReceiveBuffer, udpSocketIn } from '../../src/kernel/system/sockets.js';

const RCODE_NXDOMAIN = 3;
const SLOW_MS = 2000;
/** Thousands of questions. */
const RECEIVE_BYTES = 8 * 1024 * 1024;

const address = process.argv[2] ?? '';
const KNOWN = /(^|\.)(outside|slow)\.example$/;

function records(name: string): readonly Answer[] {
  const ttl = 5;
  return [
    { type: 'A', name, ttl, data: address },
    { type: 'TXT', name, ttl, data: 'proof' },
    { type: 'MX', name, ttl, data: { preference: 10, exchange: 'mail.outside.example' } },
    { type: 'NS', name, ttl, data: 'ns.outside.example' },
    { type: 'CAA', name, ttl, data: { flags: 0, tag: 'issue', value: 'ca.example', issuerCritical: false } },
    { type: 'SRV', name, ttl, data: { priority: 1, weight: 1, port: 80, target: 'www.outside.example' } },
    {
      type: 'SOA',
      name,
      ttl,
      data: {
        mname: 'ns.outside.example',
        rname: 'root.outside.example',
        ...{ serial: 7, refresh: 60, retry: 60, expire: 60, minimum: 5 },
      },
    },
  ];
}

function answer(query: DecodedPacket): Packet {
  const question = query.questions?.[0];
  const name = question?.name.toLowerCase() ?? '';
  const known = KNOWN.test(name);
  return {
    type: 'response',
    id: query.id ?? 0,
    flags: RECURSION_DESIRED | RECURSION_AVAILABLE | (known ? 0 : RCODE_NXDOMAIN),
    questions: query.questions ?? [],
    answers: known ? records(name).filter(({ type }) => type === question?.type) : [],
  };
}

const fd = udpSocketIn('/proc/self/ns/net', { address, port: 53 });
setReceiveBuffer(fd, RECEIVE_BYTES);
const socket = createSocket('udp4').bind({ fd });
socket.on('message', (message, from) => {
  const query = decode(message);
  const send = () => socket.send(encode(answer(query)), from.port, from.address);
  if (query.questions?.[0]?.name.endsWith('slow.example')) setTimeout(send, SLOW_MS);
  else send();
});
