/** Who may ask what is served on loopback: what names itself so, and not a page of the web that had its name lead here. Pure. */

/** `127.0.0.0/8` and `::1`. */
export const isLoopback = (address: string): boolean => address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);

/** Of a Host header: loopback by address or as `localhost`, with whatever port, for `ssh -L` has one of its own. */
export function isLoopbackName(host: string): boolean {
  const [, name = ''] = /^(\[[^\]]*\]|[^:[\]]*)(?::\d{1,5})?$/.exec(host) ?? [];
  return name.toLowerCase() === 'localhost' || isLoopback(name.replace(/^\[|\]$/g, ''));
}

export interface BrowserHeaders {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  /** What browsers say of who has made the request: https://www.w3.org/TR/fetch-metadata/ */
  readonly 'sec-fetch-site'?: string | string[] | undefined;
}

/**
 * Why a request is not answered; undefined for one of a program, of a person who has typed the address, or of a page that
 * was served here.
 */
export function foreignness({ host = '', origin, 'sec-fetch-site': site }: BrowserHeaders): string | undefined {
  if (!isLoopbackName(host)) return `this is served on loopback, and not as "${host}"; ask for localhost`;
  const isOwn = origin === undefined || origin.toLowerCase() === `http://${host.toLowerCase()}`;
  if (isOwn && (site === undefined || site === 'none' || site === 'same-origin')) return undefined;
  return 'a page of the web may not ask here; type the address';
}
