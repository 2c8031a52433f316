/**
 * This host's own WireGuard keys, private ones too: `keys.json` in DATA_DIR, and nowhere else. Two at most, each with a
 * port of its own: the one in use, and the one that takes its place.
 */
import { join } from 'node:path';
import * as z from 'zod';
import type { OwnKey } from '../../model/crypt/plan.js';
import type { PublicKey } from '../../model/values/types.js';
import { DataFile, type DataRows } from './data-file.js';
import { KEY_BYTES, newPrivateKey, publicKeyOf } from './key-pair.js';

const MOST = 2;

const schema = z.object({
  keys: z
    .array(
      z.object({
        private: z.base64().refine((text) => Buffer.from(text, 'base64').length === KEY_BYTES),
        /** Which of the two ports it has. */
        place: z.int().min(0).max(1),
        /** Milliseconds since 1970. */
        made: z.int().min(0),
      }),
    )
    .max(MOST),
});

interface Held extends OwnKey {
  readonly privateKey: Buffer;
  readonly place: number;
  readonly made: number;
}

export class CryptKeys {
  private all: readonly Held[];

  private constructor(
    private readonly file: DataFile<z.infer<typeof schema>>,
    content: z.infer<typeof schema>,
    /** The first of two UDP ports. */
    private readonly port: number,
    private readonly now: () => number,
  ) {
    this.all = content.keys.map(({ private: text, place, made }) =>
      this.hold(Buffer.from(text, 'base64'), place, made),
    );
  }

  /** Without a file, or with one that cannot be read, the host has a new key: the others learn it from its record. */
  static open(folder: string, port: number, rows: DataRows, now: () => number = Date.now): CryptKeys {
    const file = new DataFile(join(folder, 'keys.json'), schema, rows);
    return new CryptKeys(file, file.read() ?? { keys: [] }, port, now);
  }

  /** The newest last; a host that never asks never has one. */
  get own(): readonly OwnKey[] {
    if (this.all.length === 0) this.add();
    return this.all;
  }

  /** The same, but nothing is made. */
  get held(): readonly OwnKey[] {
    return this.all;
  }

  /** When the newest was made, ms since 1970. */
  get made(): number {
    return this.all.at(-1)?.made ?? 0;
  }

  /** 32 bytes; undefined for a key that is not, or no longer, this host's. */
  privateKey(key: PublicKey): Buffer | undefined {
    return this.all.find((h) => h.key === key)?.privateKey;
  }

  /** One more, on the port that is free; nothing while two are in use. Kept before anybody hears of it. */
  add(): void {
    if (this.all.length >= MOST) return;
    const place = this.all[0]?.place === 0 ? 1 : 0;
    this.all = [...this.all, this.hold(newPrivateKey(), place, this.now())];
    this.save();
  }

  /** The newest stays. */
  drop(key: PublicKey): void {
    const rest = this.all.filter((h, i) => h.key !== key || i === this.all.length - 1);
    if (rest.length === this.all.length) return;
    this.all = rest;
    this.save();
  }

  /** None of them is used any more: they are another host's as well, or their addresses are. */
  renew(): void {
    if (this.all.length === 0) return;
    const place = this.all.at(-1)?.place === 0 ? 1 : 0;
    this.all = [this.hold(newPrivateKey(), place, this.now())];
    this.save();
  }

  private hold(privateKey: Buffer, place: number, made: number): Held {
    return { key: publicKeyOf(privateKey), port: this.port + place, privateKey, place, made };
  }

  private save(): void {
    this.file.writeSync(() => ({
      keys: this.all.map(({ privateKey, place, made }) => ({ private: privateKey.toString('base64'), place, made })),
    }));
  }
}
