import type { TokenReader } from '../parse/token-reader.ts';
import type { Command } from './commands.ts';
import { transactionModes } from './transaction-commands.ts';

/** SET in all its spellings. */
export function set(reader: TokenReader): Command {
  reader.next();
  if (reader.accept('session', 'characteristics', 'as', 'transaction')) {
    return { kind: 'set transaction', modes: transactionModes(reader), session: true };
  }
  if (reader.accept('transaction')) {
    if (reader.isWord('snapshot')) throw reader.unsupported('SET TRANSACTION SNAPSHOT');
    return { kind: 'set transaction', modes: transactionModes(reader), session: false };
  }
  const local = reader.accept('local');
  if (!local) reader.accept('session');
  if (reader.accept('time', 'zone')) return timeZone(reader, local);
  if (reader.accept('names')) return assignment(reader, 'client_encoding', local);
  if (reader.accept('session', 'authorization') || reader.isWord('authorization')) {
    throw reader.unsupported('SET SESSION AUTHORIZATION', reader.peek(-1));
  }
  if (reader.accept('role')) return assignment(reader, 'role', local);
  if (reader.isWord('constraints')) throw reader.unsupported('SET CONSTRAINTS');
  const name = settingName(reader);
  if (!reader.accept('to') && !reader.acceptSymbol('=')) throw reader.unexpected();
  return assignment(reader, name, local);
}

/** SHOW and RESET. */
export function show(reader: TokenReader): Command {
  const kind = reader.next().value as 'show' | 'reset';
  const name = reader.accept('time', 'zone')
    ? 'timezone'
    : reader.accept('transaction', 'isolation', 'level')
      ? 'transaction_isolation'
      : reader.accept('session', 'authorization')
        ? 'session_authorization'
        : settingName(reader);
  reader.expectEnd();
  return { kind, name };
}

/** A name may have a prefix with a dot. */
function settingName(reader: TokenReader): string {
  let name = reader.name();
  while (reader.acceptSymbol('.')) name += `.${reader.name()}`;
  return name.toLowerCase();
}

/** One value, or several with commas: texts, words, numbers. */
function assignment(reader: TokenReader, name: string, local: boolean): Command {
  if (reader.accept('default')) {
    reader.expectEnd();
    return { kind: 'set', name, value: undefined, local };
  }
  const values: string[] = [];
  do values.push(settingValue(reader));
  while (reader.acceptSymbol(','));
  reader.expectEnd();
  return { kind: 'set', name, value: values.join(', '), local };
}

/** Also `INTERVAL '+01:00' HOUR TO MINUTE`. */
function timeZone(reader: TokenReader, local: boolean): Command {
  const from = reader.at;
  if (!reader.accept('interval') || reader.peek()?.kind !== 'string') {
    reader.at = from;
    return assignment(reader, 'timezone', local);
  }
  const { value } = reader.next();
  if (reader.accept('hour')) reader.accept('to', 'minute');
  reader.expectEnd();
  return { kind: 'set', name: 'timezone', value, local };
}

function settingValue(reader: TokenReader): string {
  const sign = reader.is('-') || reader.is('+') ? reader.next().value : '';
  const token = reader.peek();
  if (token === undefined || !['word', 'string', 'number', 'identifier'].includes(token.kind)) {
    throw reader.unexpected();
  }
  reader.next();
  return (sign === '-' ? sign : '') + token.value;
}
