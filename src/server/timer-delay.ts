/** The longest that a timer of Node can be set for; anything above fires at once. */
const LONGEST = 2 ** 31 - 1;

/** A time in milliseconds as a timer of Node takes it: whole, at least 1, at most some 24 days. */
export function timerDelay(milliseconds: number): number {
  return Math.min(Math.max(Math.ceil(milliseconds), 1), LONGEST);
}
