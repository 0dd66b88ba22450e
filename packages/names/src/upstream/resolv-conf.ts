import { getServers } from 'node:dns';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { DNS_PORT, parseUpstream, type UpstreamAddress } from './upstream-address.ts';

/** Where the system keeps its name servers; undefined where it keeps them otherwise. */
export const systemResolvConf: string | undefined =
  process.platform === 'win32' ? undefined : '/etc/resolv.conf';

/** The name server that is asked when the file names none: that of this machine (resolv.conf(5)). */
export const localNameServer: UpstreamAddress = { host: '127.0.0.1', port: DNS_PORT };

/**
 * The name servers in a file of the form of resolv.conf(5): the lines `nameserver ADDRESS`, and of the lines `options` the word `use-vc`, which asks
 * for TCP. Nothing else in it matters here.
 *
 * @throws an Error when it names no name server; the error of the file system when it cannot be read
 */
export async function readResolvConf(path: string): Promise<readonly UpstreamAddress[]> {
  const hosts: string[] = [];
  let tcp = false;
  for (const line of (await readFile(path, 'utf8')).split(/\r\n|\n|\r/)) {
    const [keyword, ...words] = line
      .replace(/^\uFEFF/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && isIP(words[0] ?? '') !== 0) hosts.push(words[0] as string);
    if (keyword === 'options') tcp ||= words.includes('use-vc');
  }
  if (hosts.length === 0) throw new Error('it names no name server');
  return [...new Set(hosts)].map((host) => ({ host, port: DNS_PORT, ...(tcp && { tcp }) }));
}

/** The name servers of a system without such a file, as they are now. */
export function systemUpstreams(): readonly UpstreamAddress[] {
  return getServers().map(parseUpstream);
}
