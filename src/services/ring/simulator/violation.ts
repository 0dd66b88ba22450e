/** An invariant does not hold. The message says which, and where. */
export class Violation extends Error {
  override name = 'Violation';
}
