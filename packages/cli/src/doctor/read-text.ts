import { readFileSync } from 'node:fs';

/** Reads a file of the system; undefined where there is none or it may not be read. */
export type ReadText = (path: string) => string | undefined;

/** Reads the files of this machine. */
export const readText: ReadText = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** The whole number that a text consists of; undefined for anything else. */
export function wholeNumber(text: string | undefined): number | undefined {
  const digits = text?.trim();
  return digits !== undefined && /^\d+$/.test(digits) ? Number(digits) : undefined;
}
