/** Debian's firewalld on one host, with a D-Bus of the host's own; both end with the host. */
import { writeFile } from 'node:fs/promises';
import { firewalldFolder } from './cache.js';
import type { Host } from './host.js';
import { until } from './process.js';

const BUS_SOCKET = '/run/dbus/system_bus_socket';
const BUS_CONFIG = '/run/dbus/lab.conf';
/** The host's only users are root's: everything is allowed. */
const POLICY = ['own="*"', 'send_type="*"', 'receive_type="*"'].map((what) => `<allow ${what}/>`).join('');
const BUS = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=${BUS_SOCKET}</listen><auth>EXTERNAL</auth>
<policy context="default">${POLICY}</policy></busconfig>
`;

export class Firewalld {
  private readonly place = firewalldFolder();

  constructor(private readonly host: Host) {}

  /** Starts it with these ports open, e.g. `8500/tcp`. An engine that is to know of it starts later. */
  async start(ports: readonly string[]): Promise<void> {
    await this.host.run('mkdir', '-p', '/run/dbus');
    await writeFile(this.host.path(BUS_CONFIG), BUS);
    await this.host.service('dbus', ['dbus-daemon', `--config-file=${BUS_CONFIG}`, '--nofork', '--nopidfile']);
    await this.host.run('cp', '-r', `${this.place}/etc/firewalld`, '/etc/');
    const configs = ['--default-config', `${this.place}/usr/lib/firewalld`, '--system-config', '/etc/firewalld'];
    await this.host.service('firewalld', [...this.python('sbin/firewalld'), '--nofork', '--nopid', ...configs]);
    const state = this.python('bin/firewall-cmd', '--state');
    await until('firewalld to run', 20, async () => (await this.host.attempt(...state)).ok);
    for (const port of ports) await this.command('--permanent', `--add-port=${port}`);
    await this.command('--reload');
  }

  /** `firewall-cmd …`: its output. */
  command(...args: readonly string[]): Promise<string> {
    return this.host.run(...this.python('bin/firewall-cmd', ...args));
  }

  private python(program: string, ...args: readonly string[]): readonly string[] {
    const modules = `PYTHONPATH=${this.place}/usr/lib/python3/dist-packages`;
    return ['env', modules, '/usr/bin/python3', `${this.place}/usr/${program}`, ...args];
  }
}
