import type { TokenReader } from '../parse/token-reader.ts';
import type { Command, CursorMove } from './commands.ts';

/** DECLARE name [BINARY] [INSENSITIVE] [[NO] SCROLL] CURSOR [WITH | WITHOUT HOLD] FOR query. */
export function declare(reader: TokenReader): Command {
  reader.next();
  const name = reader.name();
  let binary = false;
  let scroll: boolean | undefined;
  while (!reader.accept('cursor')) {
    if (reader.accept('binary')) binary = true;
    else if (reader.accept('no', 'scroll')) scroll = false;
    else if (reader.accept('scroll')) scroll = true;
    else if (!reader.accept('insensitive') && !reader.accept('asensitive')) throw reader.unexpected();
  }
  const hold = reader.accept('with', 'hold');
  if (!hold) reader.accept('without', 'hold');
  reader.expect('for');
  if (reader.atEnd) throw reader.unexpected();
  return { kind: 'declare', name, hold, scroll, binary, statement: reader.rest() };
}

/** FETCH and MOVE [direction] [FROM | IN] name. */
export function fetch(reader: TokenReader): Command {
  const kind = reader.next().value as 'fetch' | 'move';
  const move = cursorMove(reader);
  if (!reader.accept('from')) reader.accept('in');
  const cursor = reader.name();
  reader.expectEnd();
  return { kind, cursor, move };
}

function cursorMove(reader: TokenReader): CursorMove {
  // A cursor may be called like a direction: the last word of the statement is its name.
  if (reader.peek(1) === undefined) return { direction: 'forward', count: 1 };
  if (reader.accept('next')) return { direction: 'forward', count: 1 };
  if (reader.accept('prior')) return { direction: 'backward', count: 1 };
  if (reader.accept('first')) return { direction: 'first', count: 1 };
  if (reader.accept('last')) return { direction: 'last', count: 1 };
  if (reader.accept('absolute')) return { direction: 'absolute', count: signedCount(reader) };
  if (reader.accept('relative')) return { direction: 'relative', count: signedCount(reader) };
  if (reader.accept('all')) return { direction: 'forward', count: undefined };
  const backward = reader.accept('backward');
  if (!backward) reader.accept('forward');
  const direction = backward ? 'backward' : 'forward';
  if (reader.accept('all')) return { direction, count: undefined };
  if (reader.peek()?.kind !== 'number' && !reader.is('-') && !reader.is('+')) return { direction, count: 1 };
  const count = signedCount(reader);
  if (count >= 0) return { direction, count };
  return { direction: backward ? 'forward' : 'backward', count: -count };
}

function signedCount(reader: TokenReader): number {
  const minus = reader.acceptSymbol('-');
  if (!minus) reader.acceptSymbol('+');
  const token = reader.peek();
  if (token?.kind !== 'number' || !/^\d{1,10}$/.test(token.value)) throw reader.unexpected();
  reader.next();
  return minus ? -Number(token.value) : Number(token.value);
}

export function close(reader: TokenReader): Command {
  reader.next();
  const all = reader.isWord('all');
  const name = reader.name();
  reader.expectEnd();
  return { kind: 'close', name: all ? undefined : name };
}
