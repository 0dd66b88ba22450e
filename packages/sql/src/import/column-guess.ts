import { parseMoment } from '../types/iso-datetime.ts';

/** What a column may be declared as. */
export type GuessedType =
  | 'INTEGER'
  | 'BIGINT'
  | 'REAL'
  | 'BOOLEAN'
  | 'DATE'
  | 'TIMESTAMP'
  | 'TIMESTAMPTZ'
  | 'UUID'
  | 'TEXT';

/** From the narrowest to the widest; a column is of the first that fits all its values. */
const tests: readonly (readonly [GuessedType, (text: string) => boolean])[] = [
  ['INTEGER', (text) => isWhole(text) && Number(text) === (Number(text) | 0)],
  ['BIGINT', (text) => isWhole(text) && BigInt(text) === BigInt.asIntN(64, BigInt(text))],
  ['REAL', isReal],
  ['BOOLEAN', (text) => /^(?:true|false)$/i.test(text)],
  ['DATE', (text) => text.length === 10 && isMoment(text, false)],
  ['TIMESTAMP', (text) => isMoment(text, false)],
  ['TIMESTAMPTZ', (text) => isMoment(text, true)],
  ['UUID', (text) => /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text)],
];

/** Finds out what type all values of a column are of. Empty fields are NULL and say nothing. */
export class ColumnGuess {
  #possible = tests;
  #values = 0;

  add(text: string): void {
    if (text === '') return;
    this.#values++;
    if (this.#possible.length === 0) return;
    // What fits the first fits the others, but for whole numbers that have more digits than a REAL.
    const [first] = this.#possible;
    if (this.#values > 1 && first?.[0] !== 'BIGINT' && first?.[1](text) === true) return;
    this.#possible = this.#possible.filter(([, fits]) => fits(text));
  }

  get type(): GuessedType {
    return this.#values === 0 ? 'TEXT' : (this.#possible[0]?.[0] ?? 'TEXT');
  }
}

/** Numbers with zeros in front are codes, such as those of post. */
function isWhole(text: string): boolean {
  return /^-?(?:0|[1-9]\d{0,18})$/.test(text);
}

/** With more digits than 15 a REAL would not be the same number any more. */
function isReal(text: string): boolean {
  const parts = /^-?((?:0|[1-9]\d*)?(?:\.(\d*))?)(?:e[+-]?\d{1,3})?$/i.exec(text);
  const digits = parts?.[1]?.replace('.', '') ?? '';
  return digits !== '' && digits.replace(/^0+/, '').length <= 15 && Number.isFinite(Number(text));
}

function isMoment(text: string, zoned: boolean): boolean {
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return false;
  const moment = parseMoment(text);
  return moment !== undefined && (moment.offset !== undefined) === zoned;
}
