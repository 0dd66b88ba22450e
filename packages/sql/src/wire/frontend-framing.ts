import { FrameError, type Framer, type Framing, type Input } from 'zocalo';
import { whole } from 'zocalo/service';
import type { FrontendMessage } from './frontend.ts';
import { readMessage } from './frontend-messages.ts';
import { MAX_STARTUP_PACKET, readStartupPacket } from './startup-packet.ts';

export type FrontendFramingOptions = {
  /** The longest message in bytes: a statement, the parameters of a Bind, a piece of COPY. Default 16 MiB. */
  maxMessage?: number;
  /**
   * How many messages of authentication follow the start-up before anything else may: 0 (the default) for trust, 1 for
   * a password, 2 for SCRAM. So no more than {@link MAX_PASSWORD} bytes of a client are kept before it is authenticated.
   */
  passwordMessages?: number;
};

const MIB = 1_048_576;
/** `PQ_SMALL_MESSAGE_LIMIT` of PostgreSQL, in bytes: enough for names. */
const SMALL = 10_000;
/** `PG_MAX_AUTH_TOKEN_LENGTH` of PostgreSQL, in bytes. */
export const MAX_PASSWORD = 65_535;
const PASSWORD = 0x70;

const small = 'CDEHScSX';
const large = 'QPBFdf';

/**
 * The frontend's side of protocol 3.0 (PostgreSQL, chapter "Frontend/Backend Protocol"): packets of start-up without a
 * type until one is a StartupMessage, then messages. Lengths are checked before anything is kept. Where one ends can no
 * longer be found, a FrameError has PostgreSQL's message.
 */
export function frontendFraming(options: FrontendFramingOptions = {}): Framing<FrontendMessage> {
  const { maxMessage = 16 * MIB, passwordMessages = 0 } = options;
  whole('frontendFraming: maxMessage', maxMessage, MAX_PASSWORD, undefined, ' of bytes');
  /** The longest length of each type, without the type; 0 where there is none. */
  const limits = new Uint32Array(256);
  for (const type of small) limits[type.charCodeAt(0)] = SMALL;
  for (const type of large) limits[type.charCodeAt(0)] = maxMessage;
  limits[PASSWORD] = MAX_PASSWORD;
  return {
    name: 'postgresql',
    maxIncomplete: 1 + maxMessage,
    create: () => new FrontendFramer(limits, passwordMessages),
  };
}

class FrontendFramer implements Framer<FrontendMessage> {
  readonly #limits: Uint32Array;
  #started = false;
  #passwords: number;
  /** What was asked for before the start-up; each can be asked for once. */
  #asked = new Set<string>();

  constructor(limits: Uint32Array, passwords: number) {
    this.#limits = limits;
    this.#passwords = passwords;
  }

  next(input: Input): FrontendMessage | undefined {
    if (!this.#started) return this.#startup(input);
    if (input.length === 0) return undefined;
    const type = input.at(0);
    const limit = this.#limits[type] as number;
    if (limit === 0) throw new FrameError(`invalid frontend message type ${type}`);
    if (this.#passwords > 0 && type !== PASSWORD && type !== 0x58) {
      throw new FrameError(`expected password response, got message type ${type}`);
    }
    if (input.length < 5) return undefined;
    const length = input.readUInt(1, 4, 'big');
    if (length < 4 || length > limit) {
      throw new FrameError(
        `invalid message length: ${length} bytes for a message of type ${String.fromCharCode(type)}, at most ${limit}`,
      );
    }
    if (input.length <= length) return undefined;
    if (type === PASSWORD && this.#passwords > 0) this.#passwords--;
    return readMessage(type, input, 1 + length);
  }

  #startup(input: Input): FrontendMessage | undefined {
    if (input.length < 4) return undefined;
    const length = input.readUInt(0, 4, 'big');
    if (length < 8 || length > MAX_STARTUP_PACKET) {
      throw new FrameError(
        `invalid length of startup packet: ${length} bytes, at most ${MAX_STARTUP_PACKET}`,
      );
    }
    if (input.length < length) return undefined;
    const message = readStartupPacket(input.take(length));
    if (message.type === 'startup') this.#started = true;
    else if (this.#asked.has(message.type)) throw new FrameError('invalid startup packet: asked for twice');
    else this.#asked.add(message.type);
    return message;
  }
}
