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

/** A message for every end, so that a test sees which was sent. */
export const finalReplies = {
  error: (error: unknown) => `error: ${(error as Error).message}\n`,
  farewell: (reason: CloseReason) => `farewell: ${reason}\n`,
};

export const echo = (line: string): string => `${line}\n`;

export const never = new Promise<never>(() => {});

/** A value after some turns of Node's loop. */
export async function afterTurns<Value>(value: Value, turns = 1): Promise<Value> {
  for (let i = 0; i < turns; i++) await turn();
  return value;
}

/** A promise, and the functions that settle it. */
export class Deferred<Value = void> {
  readonly #resolvers = Promise.withResolvers<Value>();

  get promise(): Promise<Value> {
    return this.#resolvers.promise;
  }

  resolve(value: Value): void {
    this.#resolvers.resolve(value);
  }

  reject(error: Error): void {
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
  idleTimeoutMs: Number.POSITIVE_INFINITY,
  frameTimeoutMs: Number.POSITIVE_INFINITY,
  writeTimeoutMs: Number.POSITIVE_INFINITY,
  handlerTimeoutMs: Number.POSITIVE_INFINITY,
  maxSessionMs: Number.POSITIVE_INFINITY,
};
