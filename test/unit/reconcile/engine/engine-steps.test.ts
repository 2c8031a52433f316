import { describe, expect, it } from 'vitest';
import type { EngineNetwork } from '../../../../src/model/ports/engine-port.js';
import type { EngineNetworkId } from '../../../../src/model/values/types.js';
import { engineSteps } from '../../../../src/reconcile/engine/engine-steps.js';
import { cluster, HOST1, HOST2, network, networkId } from '../../model/fixtures.js';
import { idOf } from '../../nodes.js';

const [NODE1, NODE2] = [idOf(HOST1), idOf(HOST2)];

const own = (n: number, name = 'overlay1'): EngineNetwork => ({
  id: networkId(n) as string as EngineNetworkId,
  name,
  labels: { team: 'blue' },
  attachable: false,
  ranges: new Map(),
});
const mirror = (of: number): EngineNetwork => ({ ...own(99), mirrorOf: networkId(of) });
const { announced: _, ...unannounced } = network();

describe('engineSteps', () => {
  it('finds nothing to do where both agree', () => {
    expect(engineSteps(cluster([network()], []), NODE2, [own(1)])).toEqual([]);
    expect(engineSteps(cluster([network()], []), NODE2, [mirror(1)])).toEqual([]);
  });

  it('announces what this host created, once the engine lists it', () => {
    expect(engineSteps(cluster([unannounced], []), NODE2, [])).toEqual([]);
    expect(engineSteps(cluster([unannounced], []), NODE1, [own(1)])).toEqual([
      {
        kind: 'announce',
        id: networkId(1),
        announcement: { name: 'overlay1', labels: { team: 'blue' }, attachable: false },
        ranges: new Map(),
      },
    ]);
  });

  it('removes what this host began and its engine never stored', () => {
    expect(engineSteps(cluster([unannounced], []), NODE1, [])).toEqual([{ kind: 'finishRemoval', id: networkId(1) }]);
  });

  it('mirrors what another host announced', () => {
    expect(engineSteps(cluster([network()], []), NODE2, [])).toEqual([{ kind: 'createMirror', network: network() }]);
  });

  it('mirrors nothing under the name of one made here, before it is known whose the name is', () => {
    const winner = network({ id: networkId(2) });
    const steps = engineSteps(cluster([unannounced, winner], []), NODE1, [own(1)]);
    expect(steps.map(({ kind }) => kind)).toEqual(['announce']);
  });

  it('removes what is no longer in the cluster', () => {
    expect(engineSteps(cluster([], []), NODE2, [mirror(1)])).toEqual([
      { kind: 'removeNetwork', id: networkId(99), name: 'overlay1' },
    ]);
  });

  it('does not mirror what is being removed, and finishes a removal that was cut in two', () => {
    expect(engineSteps(cluster([network({ deleting: true })], []), NODE2, [])).toEqual([
      { kind: 'finishRemoval', id: networkId(1) },
    ]);
  });
});
