/** What is not right, with what to do: on the host that tells by its rows, on the ways by probes, on the others by doctor there. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Finding } from '../../src/admin/contract/overview.js';
import type { Told } from '../data/told.js';

const FEW = 20;

interface FindingsProps {
  readonly findings: readonly Finding[];
  readonly told: readonly Told[];
}

export function Findings({ findings, told }: FindingsProps): JSX.Element {
  const [isAll, setAll] = useState(false);
  const most = isAll ? Number.POSITIVE_INFINITY : FEW;
  const all = findings.length + told.length;
  const own = findings.slice(0, most);
  const theirs = told.slice(0, most - own.length);
  return (
    <>
      {findings.length === 0 && <p class="well">Nothing is wrong that this host knows of.</p>}
      <ul class="findings">
        {own.map((finding) => (
          <li key={`${finding.code} ${finding.subject}`} class={finding.severity}>
            <p>
              <strong>{finding.severity}</strong> <code>{finding.code}</code> {finding.subject}
            </p>
            <p>{finding.text}</p>
            <p>
              <span class="what">Cure</span> {finding.cure}
            </p>
            <p class="quiet">
              {finding.state} since <time dateTime={finding.since}>{momentOf(finding.since)}</time>
              {finding.attempts > 1 && `, ${finding.attempts} times`}
            </p>
          </li>
        ))}
        {theirs.map(({ code, what, cure, where, at }) => (
          <li key={`${where} ${code} ${what}`}>
            <p>
              <strong>{where}</strong> <code>{code}</code>
            </p>
            <p>{what}</p>
            <p>
              <span class="what">Cure</span> {cure}
            </p>
            <p class="quiet">
              found at <time dateTime={at}>{momentOf(at)}</time>
            </p>
          </li>
        ))}
      </ul>
      {all > own.length + theirs.length && (
        <button type="button" onClick={() => setAll(true)}>
          Show all {all}
        </button>
      )}
    </>
  );
}

/** Local time of who looks, and the date where it is another day's. */
export function momentOf(iso: string): string {
  const date = new Date(iso);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? date.toLocaleTimeString() : date.toLocaleString();
}
