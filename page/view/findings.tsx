/** What is not right on the host that tells, with what to do. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Finding } from '../../src/admin/contract/overview.js';

const FEW = 20;

export function Findings({ findings }: { readonly findings: readonly Finding[] }): JSX.Element {
  const [isAll, setAll] = useState(false);
  const shown = isAll ? findings : findings.slice(0, FEW);
  if (findings.length === 0) return <p class="well">Nothing is wrong that this host knows of.</p>;
  return (
    <>
      <ul class="findings">
        {shown.map((finding) => (
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
      </ul>
      {findings.length > shown.length && (
        <button type="button" onClick={() => setAll(true)}>
          Show all {findings.length}
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
