import { appendFileSync, statSync } from 'node:fs';
import { type Framing, lines, type Protocol } from '../../../src/index.ts';

/** What a protocol does wrong, besides its handler. */
export type FaultyOptions = {
  fault: Fault;
  /** A file that grows by a byte with every client, in whichever worker. */
  tally: string;
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
export default function faulty({ fault, tally }: FaultyOptions): Protocol<string> {
  const fail = (place: Fault) => {
    if (place === fault) throw new Error(`${place} failed`);
  };
  /** Every other client, beginning with the second, is unlucky. */
  const failForSome = (place: Fault) => {
    appendFileSync(tally, '.');
    if (statSync(tally).size % 2 === 0) fail(place);
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
    wait: () => fail('wait') as undefined,
    refuse: () => fail('refuse') as undefined,
    close: () => fail('close'),
    error: () => fail('error'),
    farewell: () => fail('farewell'),
  };
}
