/** The report as a picture: everything as a ratio to Docker's own overlay. Pure. */
import { type Bar, type Chart, drawing } from './bars.js';
import { COLUMNS, type Column, type Figure } from './figure.js';
import { RIVAL_NAMES } from './goals.js';
import type { EngineReport } from './report.js';

export const COLUMN_NAMES: Readonly<Record<Exclude<Column, 'rival'>, string>> = {
  host: 'host to host',
  floor: 'null driver',
  tsoverlay: 'tsoverlay',
  accelerated: 'ACCELERATE=auto',
  oneCard: 'one card',
};

const PALETTE = {
  [COLUMN_NAMES.host]: '#c8ccd0',
  [COLUMN_NAMES.floor]: '#8d99a6',
  [COLUMN_NAMES.tsoverlay]: '#7ab8e8',
  [COLUMN_NAMES.accelerated]: '#1769aa',
  [COLUMN_NAMES.oneCard]: '#2e8b57',
};

export const picture = (engines: readonly EngineReport[]): string => drawing(engines.map(charts), PALETTE);

function charts({ engine, rival, traffic: t, times }: EngineReport): readonly Chart[] {
  const than = `÷ ${RIVAL_NAMES[rival]} overlay, Docker ${engine}`;
  return [
    {
      title: `More is better, ${than}`,
      groups: [
        group('TCP requests', t.tcp),
        group('UDP requests', t.udp),
        group('TCP requests, on one host', t.near),
        group('one TCP stream', t.one),
        group('eight TCP streams', t.eight),
        group('UDP flood', t.flood),
      ],
    },
    {
      title: `Less is better, ${than}`,
      groups: [
        group('CPU of a TCP request', t.tcpCpu),
        group('CPU of a UDP request', t.udpCpu),
        group('first container comes and goes', times.first),
        group('beside another container', times.beside),
        group('its name answers elsewhere', times.name),
        group('network created → used elsewhere', times.creation),
      ],
    },
  ];
}

const group = (label: string, { times }: Figure) => ({
  label,
  bars: COLUMNS.flatMap((column): readonly Bar[] => {
    const found = times[column];
    return found === undefined || column === 'rival' ? [] : [{ series: COLUMN_NAMES[column], ...found }];
  }),
});
