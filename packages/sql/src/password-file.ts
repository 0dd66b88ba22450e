import { readFileSync } from 'node:fs';
import { OptionError } from 'zocalo';
import { parseVerifier, type ScramVerifier, verifierOf } from './wire/scram-verifier.ts';

/**
 * The verifier of the password that the first line of a file holds: the password itself, or what PostgreSQL keeps of one
 * (`SCRAM-SHA-256$4096:…`), so that reading the file does not give it away.
 * @throws OptionError for a file that cannot be read, or that begins with an empty line
 */
export function readPasswordFile(path: string): ScramVerifier {
  const [line = ''] = contents(path).split(/\r?\n/);
  if (line === '') throw new OptionError(`the password file ${path} has no password in its first line`);
  return parseVerifier(line) ?? verifierOf(line);
}

function contents(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new OptionError(`the password file cannot be read: ${(cause as Error).message}`, { cause });
  }
}
