import type { Input } from 'zocalo';
import { SqlError } from '../sql-error.ts';
import type { FormatCode } from '../types/pg-type.ts';
import { BoundParameters } from './bound-parameters.ts';
import type { FrontendMessage, Target } from './frontend.ts';
import { MessageReader, textOf } from './message-reader.ts';

/** Type and length, in front of every message. */
const HEAD = 5;

const sync: FrontendMessage = { type: 'sync' };
const flush: FrontendMessage = { type: 'flush' };
const terminate: FrontendMessage = { type: 'terminate' };
const copyDone: FrontendMessage = { type: 'copy-done' };
/** What drivers send with nearly every statement. */
const describePortal: FrontendMessage = { type: 'describe', target: 'portal', name: '' };
const executeAll: FrontendMessage = { type: 'execute', portal: '', maxRows: 0 };

/** Takes a whole message of `size` bytes, type and length included, from the input. */
export function readMessage(type: number, input: Input, size: number): FrontendMessage {
  switch (type) {
    case 0x42: // B
    case 0x46: // F
    case 0x64: // d
    case 0x70: // p
      // These keep their bytes.
      return guarded(type, keepers[type], input.take(size));
    case 0x53: // S
      if (size !== HEAD) break;
      input.skip(HEAD);
      return sync;
    case 0x45: // E: no name, and no limit
      if (size !== 10 || input.at(5) !== 0 || input.readUInt(6, 4, 'big') !== 0) break;
      input.skip(10);
      return executeAll;
    case 0x44: // D: the portal without a name
      if (size !== 7 || input.at(5) !== 0x50 || input.at(6) !== 0) break;
      input.skip(7);
      return describePortal;
  }
  const message = guarded(type, readers[type], input.view(0, size));
  input.skip(size);
  return message;
}

type Read = (bytes: Buffer) => FrontendMessage;

function guarded(type: number, read: Read | undefined, bytes: Buffer): FrontendMessage {
  try {
    return (read as Read)(bytes);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    const { sqlstate, message } = error;
    return { type: 'invalid', sqlstate, message, extended: 'PBDECH'.includes(String.fromCharCode(type)) };
  }
}

/** Messages that are views of the bytes they came in. */
const keepers: Readonly<Record<number, Read>> = {
  [code('B')]: readBind,
  [code('F')]: readFunctionCall,
  [code('d')]: (bytes) => ({ type: 'copy-data', data: bytes.subarray(HEAD) }),
  [code('p')]: (bytes) => ({ type: 'password', body: bytes.subarray(HEAD) }),
};

/** Messages that keep nothing of the bytes they came in. */
const readers: Readonly<Record<number, Read>> = {
  [code('C')]: (bytes) => ({ type: 'close', ...readTarget(bytes, 'CLOSE') }),
  [code('D')]: (bytes) => ({ type: 'describe', ...readTarget(bytes, 'DESCRIBE') }),
  [code('E')]: readExecute,
  [code('H')]: (bytes) => empty(bytes, flush),
  [code('P')]: readParse,
  [code('Q')]: (bytes) => ({ type: 'query', sql: onlyString(bytes) }),
  [code('S')]: (bytes) => empty(bytes, sync),
  [code('X')]: (bytes) => empty(bytes, terminate),
  [code('c')]: (bytes) => empty(bytes, copyDone),
  [code('f')]: (bytes) => ({ type: 'copy-fail', message: onlyString(bytes) }),
};

function code(type: string): number {
  return type.charCodeAt(0);
}

function empty(bytes: Buffer, message: FrontendMessage): FrontendMessage {
  new MessageReader(bytes, HEAD).end();
  return message;
}

function onlyString(bytes: Buffer): string {
  const last = bytes.length - 1;
  if (last < HEAD || bytes.indexOf(0, HEAD) !== last)
    throw new SqlError('08P01', 'invalid string in message');
  return textOf(bytes, HEAD, last);
}

function readTarget(bytes: Buffer, what: string): { target: Target; name: string } {
  const reader = new MessageReader(bytes, HEAD);
  const kind = reader.byte();
  const name = reader.string();
  reader.end();
  if (kind !== 0x53 && kind !== 0x50) throw new SqlError('08P01', `invalid ${what} message subtype ${kind}`);
  return { target: kind === 0x53 ? 'statement' : 'portal', name };
}

function readExecute(bytes: Buffer): FrontendMessage {
  const reader = new MessageReader(bytes, HEAD);
  const portal = reader.string();
  // A limit of 0 or less is none.
  const maxRows = Math.max(0, reader.int32());
  reader.end();
  return { type: 'execute', portal, maxRows };
}

function readParse(bytes: Buffer): FrontendMessage {
  const reader = new MessageReader(bytes, HEAD);
  const statement = reader.string();
  const sql = reader.string();
  const count = reader.int16();
  const parameterTypes: number[] = [];
  for (let i = 0; i < count; i++) parameterTypes.push(reader.int32() >>> 0);
  reader.end();
  return { type: 'parse', statement, sql, parameterTypes };
}

function readBind(bytes: Buffer): FrontendMessage {
  const reader = new MessageReader(bytes, HEAD);
  const portal = reader.string();
  const statement = reader.string();
  const parameters = readParameters(bytes, reader);
  const resultFormats = readFormats(reader);
  reader.end();
  return { type: 'bind', portal, statement, parameters, resultFormats };
}

function readFunctionCall(bytes: Buffer): FrontendMessage {
  const reader = new MessageReader(bytes, HEAD);
  const functionId = reader.int32() >>> 0;
  const parameters = readParameters(bytes, reader);
  const resultFormat = readFormat(reader);
  reader.end();
  return { type: 'function-call', functionId, parameters, resultFormat };
}

function readParameters(bytes: Buffer, reader: MessageReader): BoundParameters {
  const formats = readFormats(reader);
  const count = reader.int16();
  if (formats.length > 1 && formats.length !== count) {
    throw new SqlError(
      '08P01',
      `bind message has ${formats.length} parameter formats but ${count} parameters`,
    );
  }
  const places: number[] = [];
  for (let i = 0; i < count; i++) {
    const length = reader.int32();
    if (length === -1) places.push(-1, -1);
    else if (length < 0) throw new SqlError('08P01', 'insufficient data left in message');
    else {
      places.push(reader.at, reader.at + length);
      reader.skip(length);
    }
  }
  return new BoundParameters(bytes, formats, places);
}

const noFormats: readonly FormatCode[] = [];

function readFormats(reader: MessageReader): readonly FormatCode[] {
  const count = reader.int16();
  if (count === 0) return noFormats;
  const formats: FormatCode[] = [];
  for (let i = 0; i < count; i++) formats.push(readFormat(reader));
  return formats;
}

function readFormat(reader: MessageReader): FormatCode {
  const format = reader.int16();
  if (format > 1) throw new SqlError('22023', `unsupported format code: ${format}`);
  return format as FormatCode;
}
