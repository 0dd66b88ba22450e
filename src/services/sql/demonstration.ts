import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createEarthquakes } from './sample/earthquakes.ts';

/** Makes a small database of its own, to be tried and then removed. */
export function demonstration(): { file: string; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'zocalo-sql-'));
  const file = join(directory, 'quakes.db');
  const database = new DatabaseSync(file);
  createEarthquakes(database);
  database.close();
  return { file, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
