/**
 * What the load generator is told (as JSON in its one argument) and what it answers (as one line of JSON on its
 * standard output). The harness and the generator are two processes; this is all that they share.
 */
export type Target = { port: number; pid: number };

export type EchoTask = Target & {
  kind: 'echo';
  clients: number;
  bytes: number;
  depth: number;
  warmupSeconds: number;
  seconds: number;
};

export type IdleTask = Target & { kind: 'idle'; clients: number; settleSeconds: number };

export type Task = EchoTask | IdleTask;

export type EchoResult = {
  kind: 'echo';
  messages: number;
  seconds: number;
  messagesPerSecond: number;
  /** The server's CPU time over the window. `total` is exact to the nanosecond; the other two are counted in ticks. */
  cpuMicrosPerMessage: { user: number; system: number; total: number };
  latencyMicros: { p50: number; p99: number };
  /** CPU seconds a second: 1 is a whole core. Where the generator is at 1, it was the bottleneck. */
  serverBusy: number;
  generatorBusy: number;
  /** Seconds a second that threads of the server were ready to run and had no core: others were using it. */
  serverWaited: number;
  /** The part of all cores' time that the hypervisor gave to others. */
  stolen: number;
};

export type IdleResult = {
  kind: 'idle';
  clients: number;
  /** Growth of the server's private memory (in RAM or swapped out) a client. The kernel's own memory is not in it. */
  bytesPerClient: number;
  /** The same for anonymous memory alone, without pages of files (program code) that were touched meanwhile. */
  anonymousBytesPerClient: number;
  /** Private memory of the warmed-up server before the clients came. */
  baseBytes: number;
};

export type Failure = { kind: 'failure'; reason: string };

export type LoadResult = EchoResult | IdleResult | Failure;
