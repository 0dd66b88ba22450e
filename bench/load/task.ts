/**
 * What the load generator is told (as JSON in its one argument) and what it answers (as one line of JSON on its
 * standard output). The harness and the generator are two processes; this is all that they share.
 */
export type Target = { port: number; pid: number };

/** The cores that the two processes are confined to. */
export type Cores = { server: number; generator: number };

export type EchoTask = Target & {
  kind: 'echo';
  clients: number;
  bytes: number;
  depth: number;
  warmupSeconds: number;
  seconds: number;
  /** Null when the scheduler decides. */
  cores: Cores | null;
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
  /** Seconds a second that threads of the server were ready but had no core, also while another of its own ran. */
  serverWaited: number;
  /** The part of each core's time that others used; null when the processes have no core of their own. */
  takenByOthers: Cores | null;
};

export type IdleResult = {
  kind: 'idle';
  clients: number;
  /** Growth of the server's private memory (in RAM or swapped out) a client. The kernel's own memory is not in it. */
  bytesPerClient: number;
  /** The same for anonymous memory alone, without pages of files (program code) that were touched meanwhile. */
  anonymousBytesPerClient: number;
  /** The growth a client for as many clients that had come before: partly served from memory the process had spare. */
  firstBytesPerClient: number;
  /** Private memory of the warmed-up server without clients. */
  baseBytes: number;
};

export type Failure = { kind: 'failure'; reason: string };

export type LoadResult = EchoResult | IdleResult | Failure;
