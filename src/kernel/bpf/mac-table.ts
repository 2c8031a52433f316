/** The map of where the MACs of a network are: behind the port of an index, or behind a VTEP. */
import { closeSync } from 'node:fs';
import { isKernelError } from '../../errors.js';
import type { Mac } from '../../model/values/types.js';
import { ipBytes, macBytes, readIp, readMac } from '../netlink/attributes.js';
import { MAPS } from './programs.js';
import { allElements, idOfMap, removeElement, setElement } from './syscall.js';

export type Place = { readonly vtep: string } | { readonly port: number };

const { keySize, valueSize } = MAPS.macs;

export class MacTable {
  /** As it was when it was last looked at; undefined after a change of our own. */
  private seen: Buffer | undefined;
  /** Somebody else has changed it, and who asks for that has not been told yet. */
  private isStrayed = false;

  /** Takes the descriptor over. */
  constructor(readonly fd: number) {}

  get id(): number {
    return idOfMap(this.fd);
  }

  /** One that finds no room takes the ordinary way. */
  set(mac: Mac, place: Place): void {
    this.seen = undefined;
    try {
      setElement(this.fd, keyOf(mac), wayTo(place));
    } catch (e) {
      if (!isKernelError(e, 'E2BIG')) throw e;
    }
  }

  remove(mac: Mac): void {
    this.seen = undefined;
    removeElement(this.fd, keyOf(mac));
  }

  read(): ReadonlyMap<Mac, Place> {
    const { keys, values } = this.look();
    const found = new Map<Mac, Place>();
    for (let n = 0; n * keySize < keys.length; n++)
      found.set(readMac(keys.subarray(n * keySize, n * keySize + 6)), placeIn(values.subarray(n * valueSize)));
    return found;
  }

  /** True, once, when somebody else has changed it, whoever has read it since. An order of elements lasts while they do. */
  changed(): boolean {
    this.look();
    const { isStrayed } = this;
    this.isStrayed = false;
    return isStrayed;
  }

  private look(): ReturnType<typeof allElements> {
    const all = allElements(this.fd);
    const now = Buffer.concat([all.keys, all.values]);
    if (this.seen !== undefined && !this.seen.equals(now)) this.isStrayed = true;
    this.seen = now;
    return all;
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** `struct way`: the VTEP as in an IP header, or none and the port. */
function wayTo(place: Place): Buffer {
  const bytes = Buffer.alloc(valueSize);
  if ('vtep' in place) ipBytes(place.vtep).copy(bytes);
  else bytes.writeUInt32LE(place.port, 4);
  return bytes;
}

function placeIn(value: Buffer): Place {
  const vtep = value.subarray(0, 4);
  return vtep.readUInt32LE() === 0 ? { port: value.readUInt32LE(4) } : { vtep: readIp(vtep) };
}

const keyOf = (mac: Mac): Buffer => Buffer.concat([macBytes(mac), Buffer.alloc(keySize - 6)]);
