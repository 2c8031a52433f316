import { check } from '../../check.js';
import type { Surroundings } from '../../surroundings.js';

export const leases = check({
  code: 'cluster.leases',
  about: 'addresses that are held and that nobody uses',
  harm: 'pools fill up; with all leaked, no container of the network can start',
  cure: 'tsoverlay ipam check names them and who holds each; tsoverlay ipam check --release, on that host, frees them',
  look: ({ leaked }: Pick<Surroundings, 'leaked'>): Promise<number> => leaked(),
  judge: (leaked) => (leaked === 0 ? [] : [{ what: `${leaked} addresses are held, and nobody uses them` }]),
});
