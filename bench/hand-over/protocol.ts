import { lines } from '../../src/framing/lines.ts';
import type { Protocol } from '../../src/protocol/protocol.ts';

/** Tells each client at once which port it has, and when its conversation began: `CLOCK_MONOTONIC` in nanoseconds. */
const protocol: Protocol<string> = {
  name: 'hand-over',
  framing: lines(),
  open: (client) => `${client.remotePort} ${process.hrtime.bigint()}\n`,
  message: () => undefined,
};

export default protocol;
