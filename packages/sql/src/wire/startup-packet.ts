import { FrameError } from 'zocalo';
import { SqlError } from '../sql-error.ts';
import type { FrontendMessage } from './frontend.ts';
import { MessageReader } from './message-reader.ts';

/** `MAX_STARTUP_PACKET_LENGTH` of PostgreSQL, in bytes, with its length. */
export const MAX_STARTUP_PACKET = 10_000;

/** The numbers that stand where the version of the protocol would: 1234 in the upper half. */
const CANCEL_REQUEST = 80_877_102;
const SSL_REQUEST = 80_877_103;
const GSSENC_REQUEST = 80_877_104;

/** A packet without a type: the first of a client. `packet` begins with its length. */
export function readStartupPacket(packet: Buffer): FrontendMessage {
  const code = packet.readInt32BE(4);
  switch (code) {
    case SSL_REQUEST:
      return { type: 'ssl-request' };
    case GSSENC_REQUEST:
      return { type: 'gssenc-request' };
    case CANCEL_REQUEST:
      if (packet.length !== 16) throw new FrameError('invalid length of cancel request');
      return {
        type: 'cancel-request',
        processId: packet.readInt32BE(8),
        secretKey: packet.readInt32BE(12),
      };
  }
  const [major, minor] = [code >>> 16, code & 0xffff];
  if (major !== 3) {
    throw new FrameError(`unsupported frontend protocol ${major}.${minor}: server supports 3.0 to 3.0`);
  }
  return readStartup(packet, minor);
}

function readStartup(packet: Buffer, minor: number): FrontendMessage {
  const parameters = new Map<string, string>();
  const extensions: string[] = [];
  const reader = new MessageReader(packet, 8);
  try {
    for (let name = reader.string(); name !== ''; name = reader.string()) {
      const value = reader.string();
      if (name.startsWith('_pq_.')) extensions.push(name);
      else parameters.set(name, value);
    }
    reader.end();
  } catch (cause) {
    if (!(cause instanceof SqlError)) throw cause;
    throw new FrameError('invalid startup packet layout: expected terminator as last byte', { cause });
  }
  return { type: 'startup', minor, parameters, extensions };
}

/**
 * The settings of the start-up parameter `options`: `-c name=value`, `-cname=value` and `--name=value`, separated by white
 * space, which a backslash keeps (PostgreSQL, section 34.1.2). Throws {@link SqlError} 42601 for anything else.
 */
export function startupOptions(options: string): [name: string, value: string][] {
  const words = (options.match(/(?:\\[\s\S]|[^\s\\])+/g) ?? []).map((word) =>
    word.replace(/\\([\s\S])/g, '$1'),
  );
  const settings: [string, string][] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    const setting = word === '-c' ? words[++at] : word.replace(/^(?:-c|--)/, '');
    const equals = setting?.indexOf('=') ?? -1;
    if (setting === undefined || equals < 1 || !/^-[c-]/.test(word)) {
      throw new SqlError('42601', `invalid command-line argument for server process: ${word}`, {
        hint: 'Options are written -c name=value.',
      });
    }
    settings.push([setting.slice(0, equals).replaceAll('-', '_'), setting.slice(equals + 1)]);
  }
  return settings;
}
