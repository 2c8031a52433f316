/** DNS messages in a byte stream, each behind its length in two bytes: RFC 1035 section 4.2.2. Pure. */
export class Frames {
  private rest = Buffer.alloc(0);

  /** All messages that are complete with this chunk; the rest waits for the next one (at most 64 KiB of it). */
  push(chunk: Buffer): Buffer[] {
    const bytes = Buffer.concat([this.rest, chunk]);
    const messages: Buffer[] = [];
    let at = 0;
    while (at + 2 <= bytes.length) {
      const end = at + 2 + bytes.readUInt16BE(at);
      if (end > bytes.length) break;
      messages.push(bytes.subarray(at + 2, end));
      at = end;
    }
    this.rest = bytes.subarray(at);
    return messages;
  }
}

/** `message`: at most 65535 bytes. */
export function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}
