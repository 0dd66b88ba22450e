import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The path of a data set that is not part of the project: in the directory that ZOCALO_DATA names, or in `shared/data` beside the
 * project or beside a directory above it. Undefined where it is not to be had.
 */
export function sharedData(name: string): string | undefined {
  const named = process.env.ZOCALO_DATA;
  const places = named === undefined ? [] : [join(named, name)];
  for (let at = import.meta.dirname; at !== dirname(at); at = dirname(at))
    places.push(join(at, 'shared', 'data', name));
  return places.find((path) => existsSync(path));
}
