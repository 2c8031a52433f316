import { describe, expect, it } from 'vitest';
import { ATTACH, parseCalls, sums } from '../../../lab/bench/measure/calls.js';

describe('driver calls', () => {
  const line = (call: string, ms: number) => JSON.stringify({ level: 'info', call, ms, msg: 'driver call' });

  it('are read from a log whose last line is not whole', () => {
    const log = [line('NetworkDriver.Join', 3), '{"msg":"cluster loaded"}', '{"call":"x","msg":"driver call"'].join(
      '\n',
    );
    expect(parseCalls(log)).toEqual([{ method: 'Join', ms: 3 }]);
  });

  it('are summed per attach; one that did not get through counts for nothing', () => {
    const call = (method: string, ms: number) => ({ method, ms });
    const whole = [call('RequestAddress', 1), call('CreateEndpoint', 2), call('EndpointOperInfo', 50), call('Join', 4)];
    expect(sums([call('RequestAddress', 9), ...whole, call('Leave', 1), ...whole], ATTACH)).toEqual([7, 7]);
  });
});
