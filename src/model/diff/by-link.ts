/** Things of which there is one for each link and key; the last one set counts. Texts that are there already are the keys. */
export class ByLink<T, K extends string = string> {
  private readonly links = new Map<string, Map<K, T>>();

  set(link: string, key: K, value: T): void {
    const known = this.links.get(link);
    if (known !== undefined) known.set(key, value);
    else this.links.set(link, new Map([[key, value]]));
  }

  get(link: string, key: K): T | undefined {
    return this.links.get(link)?.get(key);
  }

  delete(link: string, key: K): void {
    this.links.get(link)?.delete(key);
  }

  forEach(look: (value: T, link: string, key: K) => void): void {
    for (const [link, values] of this.links) for (const [key, value] of values) look(value, link, key);
  }
}
