import { closeReasons } from '../protocol/close-reason.ts';
import { refusalCauses } from '../protocol/refusal-cause.ts';

/** A count of 0 for each of some names. */
function zeroes<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}

/** What only the server counts; the rest of its statistics is known to its parts. */
export class Tally {
  accepted = 0;
  readonly refused = zeroes(refusalCauses);
  readonly closed = zeroes(closeReasons);
}
