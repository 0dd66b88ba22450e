import { join } from 'node:path';
import { type Dialects, OptionError } from 'zocalo';
import { checkSettings } from 'zocalo/service';
import type { Lookup } from './dns/answer.ts';
import { failure } from './dns/answer.ts';
import { rcodes } from './dns/constants.ts';
import { dnsDialect } from './dns-dialect.ts';
import { lineDialect } from './lines/line-dialect.ts';
import { Notices } from './notices.ts';
import { openResolver } from './resolver/open-resolver.ts';
import { namesService } from './service.ts';
import { UdpListener } from './udp-listener.ts';
import { LoopProbe, loopMessage } from './upstream/loop-probe.ts';
import { systemResolvConf } from './upstream/resolv-conf.ts';
import { isThisServer } from './upstream/this-server.ts';
import { formatUpstream, type UpstreamAddress } from './upstream/upstream-address.ts';

/** What `serve` is given as `protocolOptions` for this module. */
export type NamesOptions = {
  /** The path of the hosts file. Default: that of the system. */
  readonly hosts?: string;
  /** Name servers, as {@link parseUpstream} reads them, in the order in which they are asked. Default: those of the system. */
  readonly upstream?: readonly string[];
  /** The file with the name servers of the system. Default: `/etc/resolv.conf`, where there is such a file. */
  readonly resolvConf?: string;
  /** Whether reverse names of private addresses, and `home.arpa`, are asked for like others. Default false. */
  readonly 'forward-private'?: boolean;
};

/**
 * A name server: answers from a hosts file, from its cache, and from other name servers; in DNS over TCP, with a listener on UDP that tells
 * clients to use TCP, and in a line protocol for people.
 * @throws OptionError for a hosts file that cannot be read, or an upstream that is no address
 */
export default async function names(options: NamesOptions = {}): Promise<Dialects> {
  const { resolvConf = systemResolvConf, ...settings } = options;
  checkSettings(namesService, settings);
  const notices = new Notices();
  /** Where DNS is served; not known in a worker. */
  let listening: { readonly host: string; readonly port: number } | undefined;
  let udp: UdpListener | undefined;
  let isServing = false;
  const probe = new LoopProbe((upstream) => notices.add(loopMessage(upstream)));
  const isOurs = (upstream: UpstreamAddress) => isThisServer(upstream, listening);

  const { resolver, upstreams, stop } = await openResolver({
    hosts: options.hosts ?? systemHosts(),
    hostsMayBeMissing: options.hosts === undefined,
    upstreams: options.upstream,
    resolvConf,
    forwardPrivate: options['forward-private'] ?? false,
    report: (event) => notices.hostsChanged(event),
    reportUpstreams: (event) => notices.upstreamsChanged(event),
    choose(addresses) {
      const others = addresses.filter((address) => !isOurs(address));
      if (others.length === 0) {
        notices.add(`${itself(addresses)}; those that were asked before are still asked`);
        return upstreams();
      }
      if (isServing) probe.probe(others);
      return others;
    },
  });
  const lookup: Lookup = {
    lookup: (question, queryFlags) =>
      probe.detectReturn(question.name) ? looped : resolver.lookup(question, queryFlags),
    stats: () => ({ ...resolver.stats(), sentToTcp: udp?.answered ?? 0 }),
  };

  return {
    name: 'names',
    dialects: { dns: dnsDialect(lookup), line: lineDialect(lookup) },
    async listening({ dns }, notify) {
      notices.reportTo(notify);
      if (dns === undefined || dns.path !== undefined) return;
      listening = dns;
      const own = upstreams().filter(isOurs);
      if (own.length > 0) throw new OptionError(`${itself(own)}: give others with --upstream`);
      udp = await UdpListener.open(dns.host, dns.port, (name) => probe.detectReturn(name));
      isServing = true;
      probe.probe(upstreams());
    },
    stats: () => lookup.stats(),
    async stop() {
      probe.stop();
      stop();
      await udp?.close();
    },
  };
}

const looped = failure(rcodes.REFUSED, 'this server asked that itself: a forwarding loop');

function itself(addresses: readonly UpstreamAddress[]): string {
  return `the upstream ${addresses.map(formatUpstream).join(', ')} is this server itself`;
}

function systemHosts(): string {
  if (process.platform !== 'win32') return '/etc/hosts';
  return join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'drivers', 'etc', 'hosts');
}

export { type HostsFile, readHostsFile } from './hosts/hosts-file.ts';
