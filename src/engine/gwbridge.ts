/** The request that makes docker_gwbridge before the engine does, which would take a subnet of its own choice. */
import type Docker from 'dockerode';
import { GWBRIDGE } from '../model/values/names.js';
import type { GwbridgeWish } from '../model/values/settings.js';

const BRIDGE = 'com.docker.network.bridge';
/** The option that names a bridge network's device. */
export const BRIDGE_NAME = `${BRIDGE}.name`;

/** The body of `POST /networks/create`: as the engine makes it (libnetwork `default_gateway_linux.go`), and the wish. */
export const gwbridgeSpec = ({ subnet, mtu }: GwbridgeWish): Docker.NetworkCreateOptions => ({
  Name: GWBRIDGE,
  CheckDuplicate: true,
  Driver: 'bridge',
  Options: {
    [BRIDGE_NAME]: GWBRIDGE,
    [`${BRIDGE}.enable_icc`]: 'false',
    [`${BRIDGE}.enable_ip_masquerade`]: 'true',
    ...(typeof mtu === 'number' ? { 'com.docker.network.driver.mtu': String(mtu) } : {}),
  },
  ...(subnet === undefined ? {} : { IPAM: { Driver: 'default', Config: [{ Subnet: subnet }] } }),
});
