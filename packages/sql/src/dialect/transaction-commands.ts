import type { TokenReader } from '../parse/token-reader.ts';
import type { Command, TransactionModes } from './commands.ts';

/** BEGIN [WORK | TRANSACTION] modes, START TRANSACTION modes. */
export function begin(reader: TokenReader): Command {
  const start = reader.next().value === 'start';
  if (start) reader.expect('transaction');
  else if (!reader.accept('work')) reader.accept('transaction');
  // SQLite's keywords for when the lock is taken say nothing about what is seen.
  for (const word of ['deferred', 'immediate', 'exclusive']) reader.accept(word);
  const modes = transactionModes(reader);
  return { kind: 'begin', tag: start ? 'START TRANSACTION' : 'BEGIN', modes };
}

/** COMMIT and END. */
export function end(reader: TokenReader): Command {
  reader.next();
  if (reader.isWord('prepared')) throw reader.unsupported('COMMIT PREPARED', reader.peek(-1));
  return { kind: 'commit', chain: afterEnd(reader) };
}

/** ROLLBACK, ABORT, and ROLLBACK TO a savepoint. */
export function rollback(reader: TokenReader): Command {
  reader.next();
  if (reader.isWord('prepared')) throw reader.unsupported('ROLLBACK PREPARED', reader.peek(-1));
  if (!reader.accept('work')) reader.accept('transaction');
  if (reader.accept('to')) {
    reader.accept('savepoint');
    const name = reader.name();
    reader.expectEnd();
    return { kind: 'rollback to', name };
  }
  return { kind: 'rollback', chain: afterEnd(reader) };
}

/** SAVEPOINT and RELEASE. */
export function savepoint(reader: TokenReader): Command {
  const kind = reader.next().value as 'savepoint' | 'release';
  if (kind === 'release') reader.accept('savepoint');
  const name = reader.name();
  reader.expectEnd();
  return { kind, name };
}

function afterEnd(reader: TokenReader): boolean {
  if (!reader.accept('work')) reader.accept('transaction');
  let chain = false;
  if (reader.accept('and')) {
    chain = !reader.accept('no');
    reader.expect('chain');
  }
  reader.expectEnd();
  return chain;
}

/** `ISOLATION LEVEL …`, `READ ONLY`, `READ WRITE`, `[NOT] DEFERRABLE`, with or without commas, to the end. */
export function transactionModes(reader: TokenReader): TransactionModes {
  let modes: TransactionModes = {};
  while (!reader.atEnd) {
    if (reader.accept('isolation', 'level')) modes = { ...modes, isolation: isolation(reader) };
    else if (reader.accept('read', 'only')) modes = { ...modes, readOnly: true };
    else if (reader.accept('read', 'write')) modes = { ...modes, readOnly: false };
    else if (reader.accept('deferrable')) modes = { ...modes, deferrable: true };
    else if (reader.accept('not', 'deferrable')) modes = { ...modes, deferrable: false };
    else throw reader.unexpected();
    if (reader.acceptSymbol(',') && reader.atEnd) throw reader.unexpected();
  }
  return modes;
}

function isolation(reader: TokenReader): NonNullable<TransactionModes['isolation']> {
  if (reader.accept('serializable')) return 'serializable';
  if (reader.accept('repeatable', 'read')) return 'repeatable read';
  if (reader.accept('read', 'committed')) return 'read committed';
  if (reader.accept('read', 'uncommitted')) return 'read uncommitted';
  throw reader.unexpected();
}
