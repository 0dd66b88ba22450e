/**
 * What the load generator is given (as JSON in its one argument) and what it answers (as one line of JSON on its
 * standard output). The process that measures and the generator share nothing else.
 */

/** The cores that the two processes are confined to. */
export type Cores = { server: number; generator: number };

/** Clients in a closed loop: each sends, waits for what comes back and sends again. */
export type EchoLoad = {
  kind: 'echo';
  clients: number;
  /** Clients that stay connected beside those and say nothing any more. */
  idleClients: number;
  /** Bytes in a message. */
  bytes: number;
  /** Messages that a client has in flight at once. */
  depth: number;
  warmupSeconds: number;
  /** Length of the measured window. */
  seconds: number;
};

/** Clients that have sent one message and then only stay connected, beside as many that came before. */
export type IdleLoad = {
  kind: 'idle';
  clients: number;
  /** How long a server is left alone before its memory is read. */
  settleSeconds: number;
};

export type Load = EchoLoad | IdleLoad;

/** `cores` is null when the scheduler decides. */
type Measured = { port: number; pid: number; cores: Cores | null };
export type EchoTask = EchoLoad & Measured;
export type IdleTask = IdleLoad & Measured;
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
