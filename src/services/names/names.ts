import { join } from 'node:path';
import { OptionError } from '../../errors.ts';
import type { Dialects } from '../../protocol/dialects.ts';
import { dnsDialect } from './dns-dialect.ts';
import { HostsTable } from './hosts-table.ts';
import { lineDialect } from './line-dialect.ts';
import type { Lookup } from './lookup.ts';
import { Notices } from './notices.ts';
import { Resolver } from './resolver.ts';
import { UdpListener } from './udp-listener.ts';
import { formatUpstream, parseUpstream, systemUpstreams } from './upstream-address.ts';
import { Upstreams } from './upstreams.ts';
import { WatchedHosts } from './watched-hosts.ts';

/** What `serve` is given as `protocolOptions` for this module. */
export type NamesOptions = {
  /** The path of the hosts file. Default: that of the system. */
  readonly hosts?: string;
  /** Name servers, as {@link parseUpstream} reads them, in the order in which they are asked. Default: those of the system. */
  readonly upstream?: readonly string[];
};

/**
 * A name server: answers from a hosts file, from what it remembers, and from other name servers; in DNS over TCP, with a listener on UDP that
 * sends everybody there, and in lines for people.
 * @throws OptionError for a hosts file that cannot be read, or an upstream that is no address
 */
export default async function names({ hosts: path, upstream }: NamesOptions = {}): Promise<Dialects> {
  const addresses = upstream?.map(parseUpstream) ?? systemUpstreams();
  const notices = new Notices();
  const hosts = await openHosts(path, notices);
  const none = new HostsTable();
  const upstreams = new Upstreams({ addresses });
  const resolver = new Resolver({ upstream: upstreams, hosts: () => hosts?.table ?? none });
  let udp: UdpListener | undefined;
  const lookup: Lookup = {
    lookup: (question) => resolver.lookup(question),
    stats: () => ({ ...resolver.stats(), sentToTcp: udp?.answered ?? 0 }),
  };

  return {
    name: 'names',
    dialects: { dns: dnsDialect(lookup), line: lineDialect(lookup) },
    async listening({ dns }, notify) {
      notices.sendTo(notify);
      if (dns === undefined || dns.path !== undefined) return;
      const itself = addresses.find(({ host, port }) => host === dns.host && port === dns.port);
      if (itself !== undefined) {
        throw new OptionError(`the upstream ${formatUpstream(itself)} is this server itself: choose another`);
      }
      udp = await UdpListener.open(dns.host, dns.port);
    },
    stats: () => lookup.stats(),
    async stop() {
      hosts?.stop();
      upstreams.stop();
      await udp?.close();
    },
  };
}

/** A file that was asked for has to be there; that of the system may be missing. */
async function openHosts(path: string | undefined, notices: Notices): Promise<WatchedHosts | undefined> {
  const file = path ?? systemHosts();
  try {
    return await WatchedHosts.open(file, { report: (event) => notices.ofHosts(event) });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const words = `the hosts file ${file} cannot be read: ${code ?? message}`;
    if (path !== undefined) throw new OptionError(words, { cause });
    notices.add(words);
    return undefined;
  }
}

function systemHosts(): string {
  if (process.platform !== 'win32') return '/etc/hosts';
  return join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'drivers', 'etc', 'hosts');
}
