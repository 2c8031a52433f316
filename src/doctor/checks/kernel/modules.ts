import { messageOf } from '../../../errors.js';
import { addLink } from '../../../kernel/links/links.js';
import { vxlanData } from '../../../kernel/links/vxlan.js';
import { Rtnetlink } from '../../../kernel/netlink/rtnetlink.js';
import { VxlanGuard } from '../../../kernel/rules/vxlan-guard.js';
import { withNewNamespace } from '../../../kernel/system/netns.js';
import { check } from '../../check.js';

/** By what was tried; why it failed. */
export type ModuleFacts = ReadonlyMap<string, string>;

export const modules = check({
  code: 'kernel.modules',
  about: 'devices and rules that networks are made of: each is made once, in a namespace that goes at once',
  harm: 'networks cannot be made, or are not guarded',
  cure: 'load the module of that name (modprobe vxlan bridge veth nf_tables; for good in /etc/modules-load.d), or boot a kernel that has it',
  look: async (_: unknown): Promise<ModuleFacts> => {
    const failed = new Map<string, string>();
    const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
      try {
        await work();
      } catch (e) {
        failed.set(what, messageOf(e));
      }
    };
    const { socket, guard } = withNewNamespace(() => ({
      socket: new Rtnetlink(),
      guard: new VxlanGuard(4, 'on', 4789),
    }));
    try {
      await attempt('vxlan', () =>
        addLink(socket, { name: 'a', kind: 'vxlan', data: vxlanData(1, '10.0.0.1', 4789, true) }),
      );
      await attempt('bridge', () => addLink(socket, { name: 'b', kind: 'bridge' }));
      await attempt('veth', () => addLink(socket, { name: 'c', kind: 'veth' }));
      await attempt('nf_tables', () => guard.replace(['10.0.0.1'], [1]));
    } finally {
      socket.close();
      guard.close();
    }
    return failed;
  },
  judge: (failed) => [...failed].map(([what, why]) => ({ what: `${what} does not work in this kernel: ${why}` })),
});
