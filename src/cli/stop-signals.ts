/**
 * npm passes signals on to the shell it runs a script with. Where that shell has become the script's command, to which the
 * terminal sends Ctrl-C as well, one key press comes twice; within this time, in milliseconds, it is taken for one.
 */
const SAME_KEY_PRESS = process.env.npm_lifecycle_event === undefined ? 0 : 500;

/** SIGTERM and SIGINT, from its making on: the first asks to stop, the second to stop at once. */
export class StopSignals {
  readonly first: Promise<NodeJS.Signals>;
  readonly second: Promise<NodeJS.Signals>;

  constructor() {
    const first = Promise.withResolvers<NodeJS.Signals>();
    const second = Promise.withResolvers<NodeJS.Signals>();
    this.first = first.promise;
    this.second = second.promise;
    let firstAt: number | undefined;
    const onSignal = (signal: NodeJS.Signals) => {
      const now = performance.now();
      if (firstAt === undefined) {
        firstAt = now;
        first.resolve(signal);
      } else if (now - firstAt >= SAME_KEY_PRESS) second.resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  }
}
