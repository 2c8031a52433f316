import { describe, expect, it } from 'vitest';
import type { Node, NodeAddress } from '../../../src/model/types.js';
import { Families } from '../../../src/reconcile/families.js';
import { HOST1, HOST2 } from '../model/fixtures.js';

const node = (address: string, alive = true): Node => ({
  ...{ address: address as NodeAddress, hostname: `docker-${address}`, mtu: 1500, routes: [], alive },
});

describe('Families', () => {
  it('names both addresses once while the other node is there, and again when it came back', () => {
    const lines: string[] = [];
    const families = new Families(HOST1, { warn: (line: unknown) => void lines.push(String(line)) });
    families.look([node(HOST1), node(HOST2)]);
    expect(lines).toEqual([]);
    families.look([node(HOST1), node('fd00::61')]);
    families.look([node(HOST1), node('fd00::61'), node(HOST2)]);
    expect(lines).toEqual([
      'host docker-fd00::61 advertises fd00::61 and this host 10.0.0.60: containers of the two cannot reach each other; set CLUSTER_ADVERTISE to addresses of one family on all hosts',
    ]);
    families.look([node(HOST1)]);
    families.look([node(HOST1), node('fd00::61')]);
    expect(lines).toHaveLength(2);
  });

  it('leaves out a node that is away: its record may be that of an older setting', () => {
    const lines: string[] = [];
    const families = new Families(HOST1, { warn: (line: unknown) => void lines.push(String(line)) });
    families.look([node(HOST1), node('fd00::61', false)]);
    expect(lines).toEqual([]);
  });
});
