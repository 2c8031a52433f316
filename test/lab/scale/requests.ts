/** Requests to Consul, as its log tells them: `[DEBUG] agent.http: Request finished: method=GET url=/v1/kv/… from=10.0.0.61:…`. */
import { readFileSync, statSync } from 'node:fs';

export interface Request {
  readonly method: string;
  readonly url: string;
  readonly from: string;
}

const LINE = /agent\.http: Request finished: method=(\S+) url=(\S+) from=([\d.]+):/;

/** What was asked from now on. */
export class RequestLog {
  private readonly start: number;

  constructor(private readonly file: string) {
    this.start = statSync(file).size;
  }

  all(): readonly Request[] {
    return parseRequests(readFileSync(this.file).subarray(this.start).toString());
  }
}

export const parseRequests = (log: string): readonly Request[] =>
  log.split('\n').flatMap((line) => {
    const [, method, url, from] = LINE.exec(line) ?? [];
    return method && url && from ? [{ method, url, from }] : [];
  });

export const isWrite = ({ method, url }: Request): boolean => method === 'PUT' && url.startsWith('/v1/txn');

/** A list of leases: what RequestAddress should do without. */
export const isLeaseList = ({ method, url }: Request): boolean =>
  method === 'GET' && /^\/v1\/kv\/tsoverlay\/addresses\/[^/]+\/\?/.test(url);
