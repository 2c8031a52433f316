/**
 * The DNS server that the hosts' resolv.conf names, standing for the world outside: it knows outside.example and
 * nothing else. Run by the lab in the LAN's namespace: `tsx test/lab/nameserver.ts <address>`.
 */
import { createSocket } from 'node:dgram';
import { type DecodedPacket, decode, encode, type Packet, RECURSION_AVAILABLE, RECURSION_DESIRED } from 'dns-packet';

const RCODE_NXDOMAIN = 3;

const address = process.argv[2] ?? '';
const names: Readonly<Record<string, string>> = { 'outside.example': address };

function answer(query: DecodedPacket): Packet {
  const question = query.questions?.[0];
  const name = question?.name.toLowerCase() ?? '';
  const known = names[name];
  return {
    type: 'response',
    id: query.id ?? 0,
    flags: RECURSION_DESIRED | RECURSION_AVAILABLE | (known ? 0 : RCODE_NXDOMAIN),
    questions: query.questions ?? [],
    answers: known && question?.type === 'A' ? [{ type: 'A', name, ttl: 5, data: known }] : [],
  };
}

const socket = createSocket('udp4');
socket.on('message', (message, from) => socket.send(encode(answer(decode(message))), from.port, from.address));
socket.bind(53, address);
