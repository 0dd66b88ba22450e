import { FrameTooLongError } from '../errors.ts';
import type { FramingClient } from './framing.ts';
import type { Input } from './input.ts';

/** RFC 854, "Telnet Command Structure"; the commands below {@link FIRST_COMMAND} are no commands. */
const IAC = 255;
const DONT = 254;
const DO = 253;
const WONT = 252;
const WILL = 251;
const SB = 250;
const AYT = 246;
const SE = 240;
/** End of file (RFC 1184) is the lowest command that is in use. */
const FIRST_COMMAND = 236;

const CR = 0x0d;
const LF = 0x0a;
const NUL = 0;

/** "Are you there" asks for some evidence that can be seen (RFC 854). */
const HERE = Buffer.from('\r\n[yes]\r\n');

/** Where it stands between bytes. */
const DATA = 0;
/** After IAC. */
const COMMAND = 1;
/** After IAC and WILL, WONT, DO or DONT: the option comes. */
const OPTION = 2;
/** In a subnegotiation, and after IAC in it. */
const SUBNEGOTIATION = 3;
const SUBNEGOTIATION_IAC = 4;

/**
 * Takes telnet's commands (RFC 854) out of what a client sends, before lines are looked for. Every option is refused (RFC 855): WONT answers
 * DO and DONT answers WILL, and what needs no answer gets none, so that no two sides can go on for ever (RFC 1143). Subnegotiations are
 * passed over. CR NUL, which a terminal sends for Enter, becomes CR LF.
 */
export class Telnet {
  readonly #client: FramingClient | undefined;
  readonly #longest: number;
  #state = DATA;
  #verb = 0;
  #afterCr = false;
  /** How long the subnegotiation is by now. */
  #passed = 0;
  #answers: number[] = [];

  /** @param longest how long a subnegotiation may be, in bytes */
  constructor(client: FramingClient | undefined, longest: number) {
    this.#client = client;
    this.#longest = longest;
  }

  /**
   * Takes the commands out of the bytes that wait, from `from` on: what stands before it is clean already. What a command needs is kept in
   * mind, so that nothing of it waits.
   * @throws FrameTooLongError for a subnegotiation without end
   */
  clean(input: Input, from: number): void {
    const bytes = input.view(from, input.length);
    if (bytes.length === 0) return;
    if (this.#state === DATA && !this.#afterCr && bytes.indexOf(IAC) < 0 && bytes.indexOf(NUL) < 0) {
      this.#afterCr = bytes.at(-1) === CR;
      return;
    }
    let kept = 0;
    for (const byte of bytes) {
      const data = this.#step(byte);
      if (data < 0) continue;
      bytes[kept++] = this.#afterCr && data === NUL ? LF : data;
      this.#afterCr = data === CR;
    }
    input.truncate(from + kept);
    this.#answer();
  }

  /** @returns the byte of data that it is, or -1 */
  #step(byte: number): number {
    switch (this.#state) {
      case DATA:
        if (byte !== IAC) return byte;
        this.#state = COMMAND;
        return -1;
      case OPTION:
        this.#state = DATA;
        if (this.#verb === DO) this.#answers.push(IAC, WONT, byte);
        else if (this.#verb === WILL) this.#answers.push(IAC, DONT, byte);
        return -1;
      case SUBNEGOTIATION:
        if (++this.#passed > this.#longest) throw new FrameTooLongError(this.#longest);
        if (byte === IAC) this.#state = SUBNEGOTIATION_IAC;
        return -1;
      case SUBNEGOTIATION_IAC:
        this.#state = byte === IAC ? SUBNEGOTIATION : DATA;
        // Anything but its end has no place in it: then the end was forgotten, and this is a command of its own.
        return byte === IAC || byte === SE ? -1 : this.#command(byte);
      default:
        return this.#command(byte);
    }
  }

  #command(byte: number): number {
    this.#state = DATA;
    if (byte === IAC) return IAC;
    if (byte >= WILL) {
      this.#state = OPTION;
      this.#verb = byte;
    } else if (byte === SB) {
      this.#state = SUBNEGOTIATION;
      this.#passed = 0;
    } else if (byte === AYT) this.#answers.push(...HERE);
    // The mark of an interrupt is sent as urgent (RFC 854, "Synch"), which takes it out of the stream: what follows its IAC is data.
    else if (byte < FIRST_COMMAND) return byte;
    return -1;
  }

  #answer(): void {
    if (this.#answers.length === 0) return;
    const answers = Uint8Array.from(this.#answers);
    this.#answers = [];
    this.#client?.send(answers);
  }
}
