import { appendFileSync, statSync } from 'node:fs';
import { type Framing, lines, type Protocol } from 'zocalo';

/** What a protocol does wrong, besides its handler. */
export type FaultyOptions = {
  fault: Fault;
  /** Whether `wait`, `refuse` and `close` return a promise, which is rejected, in the place of throwing. */
  later?: boolean;
  /** A file that grows by a byte with every client, in whichever worker. */
  counterFile: string;
};
export const faults = [
  'state',
  'open',
  'create',
  'next',
  'wait',
  'refuse',
  'close',
  'error',
  'farewell',
] as const;
export type Fault = (typeof faults)[number];

/** A protocol that echoes lines, and in one place throws: where a client's own code is at fault, only for the client that says so. */
export default function faulty({ fault, counterFile, later = false }: FaultyOptions): Protocol<string> {
  const fail = (place: Fault) => {
    if (place === fault) throw new Error(`${place} failed`);
  };
  const failLater = async (place: Fault) => fail(place);
  /** Every other client, beginning with the second, is unlucky. */
  const failForSome = (place: Fault) => {
    appendFileSync(counterFile, '.');
    if (statSync(counterFile).size % 2 === 0) fail(place);
  };
  const usual = lines();
  const framing: Framing<string> = {
    ...usual,
    create() {
      if (fault === 'create') failForSome('create');
      const framer = usual.create();
      return {
        next(input) {
          if (input.length > 0 && input.at(0) === '!'.charCodeAt(0)) fail('next');
          return framer.next(input);
        },
      };
    },
  };
  return {
    name: 'faulty',
    framing,
    state() {
      if (fault === 'state') failForSome('state');
      return undefined;
    },
    open() {
      if (fault === 'open') failForSome('open');
      return undefined;
    },
    message(line, client) {
      if (line === 'bye') client.end();
      if (line === 'throw') throw new Error('thrown');
      return `${line}\n`;
    },
    wait: () => (later ? failLater('wait') : fail('wait')) as undefined,
    refuse: () => (later ? failLater('refuse') : fail('refuse')) as undefined,
    close: () => (later ? (failLater('close') as unknown as undefined) : fail('close')),
    error: () => fail('error'),
    farewell: () => fail('farewell'),
  };
}
