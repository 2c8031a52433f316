/** DNS messages in a byte stream, each behind its length in two bytes: RFC 1035 section 4.2.2. Pure. */
export class Frames {
  private rest = Buffer.alloc(0);

  /** `longest`: a message of more bytes is none of ours to gather. */
  constructor(private readonly longest = 0xffff) {}

  /**
   * All messages that are complete with this chunk; the rest, at most `longest`, waits for the next one. Throws a
   * RangeError at a longer one.
   */
  *push(chunk: Buffer): Generator<Buffer, void> {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let at = 0;
    while (at + 2 <= bytes.length) {
      const length = bytes.readUInt16BE(at);
      if (length > this.longest) throw new RangeError(`a message of ${length} bytes, more than ${this.longest}`);
      if (at + 2 + length > bytes.length) break;
      yield bytes.subarray(at + 2, at + 2 + length);
      at += 2 + length;
    }
    // A copy: what is left of it would keep the whole chunk.
    this.rest = Buffer.from(bytes.subarray(at));
  }
}

/** `message`: at most 65535 bytes. */
export function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}
