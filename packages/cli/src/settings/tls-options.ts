import { readFileSync } from 'node:fs';
import { Failure, UsageError } from '@zocalo/command';
import type { Settings } from 'zocalo/service';
import { serverSettings } from './server-settings.ts';

/**
 * The option `tls` of `serve()` that settings amount to, with what is in their files; undefined without any.
 * @throws UsageError when a certificate or a key is missing; Failure for a file that cannot be read
 */
export function tlsOptions(
  settings: Settings,
  settingText: (name: string) => string,
): Record<string, unknown> | undefined {
  const given = serverSettings.filter(({ name, option }) => option === 'tls' && settings[name] !== undefined);
  const [first] = given;
  if (first === undefined) return undefined;
  for (const needed of ['tls-cert', 'tls-key']) {
    if (settings[needed] === undefined)
      throw new UsageError(`${settingText(first.name)} needs ${settingText(needed)}`);
  }
  const values = given.map(({ name, member, type }) => {
    const value = settings[name];
    return [member, type.kind === 'file' ? contentOf(name, String(value), settingText) : value];
  });
  return Object.fromEntries(values) as Record<string, unknown>;
}

function contentOf(name: string, path: string, settingText: (name: string) => string): string {
  try {
    const text = readFileSync(path, 'utf8');
    return name === 'tls-passphrase-file' ? (text.split(/\r?\n/)[0] ?? '') : text;
  } catch (error) {
    throw new Failure(`${settingText(name)} cannot be read: ${(error as Error).message}`);
  }
}
