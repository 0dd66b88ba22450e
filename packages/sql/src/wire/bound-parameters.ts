import type { FormatCode } from '../types/pg-type.ts';

/**
 * The parameters of a Bind, as places in its bytes: most are small numbers, which are read from there without becoming
 * anything else first.
 */
export class BoundParameters {
  /** The bytes that the places are in. */
  readonly body: Buffer;
  readonly #formats: readonly FormatCode[];
  /** From and to of each parameter; a from of -1 is NULL. */
  readonly #places: readonly number[];

  constructor(body: Buffer, formats: readonly FormatCode[], places: readonly number[]) {
    this.body = body;
    this.#formats = formats;
    this.#places = places;
  }

  get length(): number {
    return this.#places.length / 2;
  }

  /** How parameter `index`, counted from 0, is written. */
  format(index: number): FormatCode {
    return (this.#formats.length === 1 ? this.#formats[0] : this.#formats[index]) ?? 0;
  }

  isNull(index: number): boolean {
    return (this.#places[2 * index] as number) < 0;
  }

  /** Where in {@link body} a parameter begins; -1 for NULL. */
  from(index: number): number {
    return this.#places[2 * index] as number;
  }

  /** Where it ends. */
  to(index: number): number {
    return this.#places[2 * index + 1] as number;
  }

  /** The bytes of a parameter that is not NULL, as a view. */
  bytes(index: number): Buffer {
    return this.body.subarray(this.from(index), this.to(index));
  }
}
