/** The guard of UDP 4789 as the kernel has it, and whether it notices that somebody took it away. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { VxlanGuard } from '../../src/kernel/guard.js';
import { withNamespace } from '../../src/kernel/netns.js';
import type { NodeAddress } from '../../src/model/types.js';
import { dropNamespace, inside, makeNamespace } from './dns-namespace.js';

let namespace = '';
let guard: VxlanGuard;
beforeEach(() => {
  namespace = makeNamespace();
  guard = withNamespace(namespace, () => new VxlanGuard(4));
});
afterEach(() => {
  guard.close();
  dropNamespace(namespace);
});

const ensure = () => guard.ensure(['10.0.0.60' as NodeAddress, '10.0.0.61' as NodeAddress], [256, 300]);

it('names the nodes and the VXLAN ids', () => {
  ensure();
  const listing = inside(namespace, 'nft', 'list', 'table', 'ip', 'tsoverlay-guard');
  expect(listing).toContain('elements = { 10.0.0.60, 10.0.0.61 }');
  expect(listing).toMatch(/ip saddr != @nodes counter packets 0 bytes 0 drop/);
});

it.each(['flush ruleset', 'delete table ip tsoverlay-guard', 'flush chain ip tsoverlay-guard vxlan'])(
  'stands until nft %s, and again when made anew',
  (command) => {
    expect(guard.stands()).toBe(false);
    ensure();
    expect(guard.stands()).toBe(true);
    inside(namespace, 'nft', ...command.split(' '));
    expect(guard.stands()).toBe(false);
    ensure();
    expect(guard.stands()).toBe(true);
    guard.remove();
    expect(guard.stands()).toBe(false);
    guard.remove();
  },
);
