import { join } from 'node:path';
import { OptionError } from '../../errors.ts';
import type { Dialects } from '../../protocol/dialects.ts';
import { dnsDialect } from './dns-dialect.ts';
import type { HostsEvent } from './hosts/watched-hosts.ts';
import { lineDialect } from './lines/line-dialect.ts';
import { Notices } from './notices.ts';
import type { Lookup } from './resolver/lookup.ts';
import { type OpenResolver, openResolver } from './resolver/open-resolver.ts';
import { UdpListener } from './udp-listener.ts';
import { formatUpstream, parseUpstream, systemUpstreams } from './upstream/upstream-address.ts';

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
export default async function names({ hosts, upstream }: NamesOptions = {}): Promise<Dialects> {
  const notices = new Notices();
  const { resolver, stop } = await open(hosts, upstream, notices);
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
      const upstreams = upstream?.map(parseUpstream) ?? systemUpstreams();
      if (upstreams.some(({ host, port }) => host === dns.host && port === dns.port)) {
        throw new OptionError(`the upstream ${formatUpstream(dns)} is this server itself: give another`);
      }
      udp = await UdpListener.open(dns.host, dns.port);
    },
    stats: () => lookup.stats(),
    async stop() {
      stop();
      await udp?.close();
    },
  };
}

/** A hosts file that was asked for has to be there; that of the system may be missing. */
async function open(
  hosts: string | undefined,
  upstreams: readonly string[] | undefined,
  notices: Notices,
): Promise<OpenResolver> {
  const report = (event: HostsEvent) => notices.ofHosts(event);
  try {
    return await openResolver({ hosts: hosts ?? systemHosts(), upstreams, report });
  } catch (error) {
    if (hosts !== undefined || !(error instanceof OptionError)) throw error;
    const without = await openResolver({ upstreams });
    notices.add(error.message);
    return without;
  }
}

function systemHosts(): string {
  if (process.platform !== 'win32') return '/etc/hosts';
  return join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'drivers', 'etc', 'hosts');
}
