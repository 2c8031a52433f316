import { describe, expect, it } from 'vitest';
import { diff } from '../../../../src/model/diff/diff.js';
import { repairs } from '../../../../src/model/diff/repairs.js';
import type { NamespacePlan } from '../../../../src/model/plan/namespace-plan.js';
import type { ObservedNamespace } from '../../../../src/model/plan/observed.js';
import type { Ip, Mac, NamespaceName } from '../../../../src/model/values/types.js';
import { HOST2, networkId } from '../fixtures.js';

const name = '1-0000000000' as NamespaceName;
const peer = { vxlan: 'vxlan0', ip: '172.16.1.2' as Ip, mac: '02:42:ac:10:01:02' as Mac, vtep: HOST2 };
const before: NamespacePlan = { name, network: networkId(1), bridges: [], ports: [], peers: [], floods: [] };
const after: NamespacePlan = { ...before, peers: [peer] };
const empty: ObservedNamespace = {
  name,
  links: [],
  addresses: [],
  neighbours: [],
  fdb: [],
  statics: [],
  sysctls: new Map(),
  filters: [],
};

const told = (was: NamespacePlan | undefined, wanted: NamespacePlan, found: ObservedNamespace | undefined) =>
  repairs(diff(name, wanted, found), found, was).map((step) => step.kind);

describe('repairs', () => {
  it('are what the plan of before asks for as well', () => {
    expect(told(after, after, empty)).toEqual(['replaceStatic', 'replaceNeighbour', 'replaceFdb']);
  });

  it('are not what a new plan asks for', () => {
    expect(told(before, after, empty)).toEqual([]);
  });

  it('are not the building of a namespace', () => {
    expect(told(after, after, undefined)).toEqual([]);
  });
});
