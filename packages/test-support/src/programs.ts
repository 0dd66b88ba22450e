import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian's package of each program that tests ask. */
const packages: Readonly<Record<string, string>> = {
  unbound: 'unbound',
  dnsmasq: 'dnsmasq-base',
  dig: 'bind9-dnsutils',
  delv: 'bind9-dnsutils',
  kdig: 'knot-dnsutils',
  drill: 'ldnsutils',
  'ldns-keygen': 'ldnsutils',
  'ldns-signzone': 'ldnsutils',
  getdns_query: 'getdns-utils',
  dnsperf: 'dnsperf',
  nc: 'netcat-openbsd',
};

/** Where a program is; servers are often not in the path of users. */
export function programPath(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** For `skip`: why a test that needs these programs cannot run, or false when it can. */
export function without(...names: string[]): string | false {
  const missing = names.filter((name) => programPath(name) === undefined);
  if (missing.length === 0) return false;
  return `not installed: ${missing.map((name) => `${name} (Debian: ${packages[name] ?? name})`).join(', ')}`;
}
