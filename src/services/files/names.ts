/** The longest name of a file, in bytes (`NAME_MAX` of limits.h). */
export const LONGEST_NAME = 255;

/** Whether a word has the form of a name: letters, digits, `.`, `_` and `-`, and neither of the two that stand for folders. */
export function isName(word: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(word) && word !== '.' && word !== '..';
}
