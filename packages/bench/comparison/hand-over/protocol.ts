import { lines, type Protocol } from 'zocalo';

/** Sends each client at once its port, and when its conversation began: `CLOCK_MONOTONIC` in nanoseconds. */
const protocol: Protocol<string> = {
  name: 'hand-over',
  framing: lines(),
  open: (client) => `${client.remotePort} ${process.hrtime.bigint()}\n`,
  message: () => undefined,
};

export default protocol;
