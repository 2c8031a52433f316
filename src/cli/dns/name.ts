/** What a question can be about: RFC 1035 section 2.3.4; of which characters is the resolvers' business. */
export function isName(text: string): boolean {
  const name = text.replace(/\.$/, '');
  const lengths = name.split('.').map((part) => Buffer.byteLength(part));
  return Buffer.byteLength(name) <= 253 && lengths.every((length) => length >= 1 && length <= 63);
}
