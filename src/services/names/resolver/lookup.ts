import type { Answer, Question } from '../dns/answer.ts';

/** Whoever answers questions: at once when it knows, later when it has to ask others. It does not fail: a failure is an answer too. */
export interface Lookup {
  lookup(question: Question): Answer | Promise<Answer>;
  /** What it has counted since it was made. */
  stats(): Readonly<Record<string, number>>;
}
