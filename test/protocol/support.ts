import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { type Client, type CloseReason, lines, type Protocol, type Reply } from '../../src/index.ts';
import type { Conversation, ConverseOptions } from '../../src/testing/index.ts';

/** A protocol of lines whose answers are those of `message`. */
export function answering<State = undefined>(
  message: (line: string, client: Client<State>) => Reply,
  rest: Partial<Protocol<string, State>> = {},
): Protocol<string, State> {
  return { name: 'test', framing: lines(), message, ...rest };
}

/** Words for every end, so that a test sees which were said. */
export const lastWords = {
  error: (error: unknown) => `error: ${(error as Error).message}\n`,
  farewell: (reason: CloseReason) => `farewell: ${reason}\n`,
};

export const echo = (line: string): string => `${line}\n`;

export const never = new Promise<never>(() => {});

/** A value after some turns of Node's loop. */
export async function later<Value>(value: Value, turns = 1): Promise<Value> {
  for (let i = 0; i < turns; i++) await turn();
  return value;
}

/** A promise, and what settles it. */
export class Gate<Value = void> {
  readonly #resolvers = Promise.withResolvers<Value>();

  get opened(): Promise<Value> {
    return this.#resolvers.promise;
  }

  open(value: Value): void {
    this.#resolvers.resolve(value);
  }

  fail(error: Error): void {
    this.#resolvers.reject(error);
  }
}

/** The conversation goes on for all of `milliseconds` but the last one, and ends then. */
export async function closesAfter<State>(
  talk: Conversation<State>,
  milliseconds: number,
  reason: CloseReason,
): Promise<void> {
  await talk.advance(milliseconds - 1);
  assert.equal(talk.closed, undefined, `it was over before ${milliseconds} ms had passed`);
  await talk.advance(1);
  assert.equal(talk.closed, reason);
}

export const noDeadlines: ConverseOptions = {
  idleTimeout: Number.POSITIVE_INFINITY,
  frameTimeout: Number.POSITIVE_INFINITY,
  writeTimeout: Number.POSITIVE_INFINITY,
  handlerTimeout: Number.POSITIVE_INFINITY,
  maxSession: Number.POSITIVE_INFINITY,
};
