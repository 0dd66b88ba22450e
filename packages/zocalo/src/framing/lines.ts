import { FrameError, FrameTooLongError, OptionError } from '../errors.ts';
import { oneOf, onlyOptions, trueOrFalse, whole } from '../option-checks.ts';
import type { Framer, Framing, FramingClient } from './framing.ts';
import type { Input } from './input.ts';
import { Telnet } from './telnet.ts';

const LF = 0x0a;
const CR = 0x0d;

/**
 * What ends a line:
 * - `any` (the default): LF, and a CR before it is not part of the line
 * - `lf`: LF; a CR is an ordinary byte
 * - `crlf`: CR LF; an LF alone is an ordinary byte
 * - `strict-crlf`: CR LF; an LF alone is an error
 */
export type LineEnding = 'any' | 'lf' | 'crlf' | 'strict-crlf';

export type LinesOptions = {
  ending?: LineEnding;
  /** The longest line, in bytes without its ending. Default 65,536. */
  maxLength?: number;
  /** Whether a frame includes the bytes that ended the line. Default false. */
  keepEnding?: boolean;
  /**
   * What becomes of bytes after the last ending when the client has sent its last byte: `drop` (the default: half a
   * command must not be carried out) or `deliver` them as a line.
   */
  unterminated?: 'drop' | 'deliver';
  /**
   * Whether clients may be telnet's (RFC 854): its commands are taken out of the lines, every option is refused, a doubled 255 is a
   * byte of 255, and CR NUL ends a line as CR LF and LF do. It goes with the ending `any` alone. Default false.
   */
  telnet?: boolean;
};

/** An LF that no CR precedes, where the protocol asks for CR LF. */
export class BareLineFeedError extends FrameError {
  constructor() {
    super('a line ends with LF alone; CR LF is required');
  }
}

/** Lines of text, decoded from UTF-8; a line that is not UTF-8 is a {@link FrameError}. */
export function lines(options: LinesOptions = {}): Framing<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return linesOf(options, (input, length) => {
    const line = input.text(0, length);
    // The replacement character is either what the client sent or the trace of a byte that is not UTF-8.
    if (line.includes('\ufffd')) {
      try {
        decoder.decode(input.view(0, length));
      } catch (cause) {
        throw new FrameError('a line is not UTF-8 text', { cause });
      }
    }
    input.skip(length);
    return line;
  });
}

/** Lines as the bytes they came in, whatever their encoding. */
export function byteLines(options: LinesOptions = {}): Framing<Buffer> {
  return linesOf(options, (input, length) => input.take(length));
}

function linesOf<Line>(options: LinesOptions, take: (input: Input, length: number) => Line): Framing<Line> {
  onlyOptions('lines', options, ['ending', 'maxLength', 'keepEnding', 'unterminated', 'telnet']);
  const { ending = 'any', maxLength = 65_536, keepEnding = false, unterminated = 'drop' } = options;
  const { telnet = false } = options;
  oneOf('lines: ending', ending, ['any', 'lf', 'crlf', 'strict-crlf']);
  whole('lines: maxLength', maxLength, 1, undefined, ' of bytes');
  trueOrFalse('lines: keepEnding', keepEnding);
  oneOf('lines: unterminated', unterminated, ['drop', 'deliver']);
  trueOrFalse('lines: telnet', telnet);
  if (telnet && ending !== 'any') {
    throw new OptionError(
      `lines: with telnet a line ends with CR LF, CR NUL or LF: leave out the ending ${ending}`,
    );
  }

  class LineFramer implements Framer<Line> {
    /** Bytes already searched: a line that comes in many pieces is searched once, not once a piece. */
    #searched = 0;
    readonly #telnet: Telnet | undefined;
    /** Bytes from which telnet's commands have been taken out. */
    #clean = 0;

    constructor(client: FramingClient | undefined) {
      this.#telnet = telnet ? new Telnet(client, maxLength) : undefined;
    }

    next(input: Input): Line | undefined {
      if (this.#telnet === undefined) return this.#next(input);
      this.#telnet.clean(input, this.#clean);
      const line = this.#next(input);
      this.#clean = input.length;
      return line;
    }

    #next(input: Input): Line | undefined {
      for (;;) {
        const lf = input.indexOf(LF, this.#searched);
        if (lf < 0) {
          this.#searched = input.length;
          if (input.length > maxLength + 1) throw new FrameTooLongError(maxLength);
          return undefined;
        }
        const afterCr = lf > 0 && input.at(lf - 1) === CR;
        if (!afterCr && ending === 'strict-crlf') throw new BareLineFeedError();
        if (!afterCr && ending === 'crlf') {
          this.#searched = lf + 1;
          continue;
        }
        const length = afterCr && ending !== 'lf' ? lf - 1 : lf;
        if (length > maxLength) throw new FrameTooLongError(maxLength);
        this.#searched = 0;
        if (keepEnding) return take(input, lf + 1);
        const line = take(input, length);
        input.skip(lf + 1 - length);
        return line;
      }
    }

    last(input: Input): Line | undefined {
      if (unterminated === 'drop' || input.length === 0) return undefined;
      if (input.length > maxLength) throw new FrameTooLongError(maxLength);
      this.#searched = 0;
      return take(input, input.length);
    }
  }

  return { name: 'lines', maxIncomplete: maxLength + 2, create: (client) => new LineFramer(client) };
}
