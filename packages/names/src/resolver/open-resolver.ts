import { OptionError } from 'zocalo';
import { type HostsFile, readHostsFile } from '../hosts/hosts-file.ts';
import { HostsTable } from '../hosts/hosts-table.ts';
import { localNameServer, readResolvConf, systemUpstreams } from '../upstream/resolv-conf.ts';
import { parseUpstream, type UpstreamAddress } from '../upstream/upstream-address.ts';
import { Upstreams } from '../upstream/upstreams.ts';
import { Resolver } from './resolver.ts';
import { type FileEvent, WatchedFile } from './watched-file.ts';

export type ResolverSources = {
  /** The path of a hosts file; without it no names are known here. */
  readonly hosts?: string | undefined;
  /** Whether that file may be missing, and be there later. Default false. */
  readonly hostsMayBeMissing?: boolean;
  /** `IP` or `IP:PORT`, asked in this order. Default: those of the system. */
  readonly upstreams?: readonly string[] | undefined;
  /** The file with the name servers of the system (resolv.conf(5)), where there is one. */
  readonly resolvConf?: string | undefined;
  /** Whether names of private networks are asked for like others. Default false. */
  readonly forwardPrivate?: boolean;
  /** Called when the hosts file was read, the first time too, and when it cannot be read. */
  readonly report?: ((event: FileEvent<HostsFile>) => void) | undefined;
  /** The same of the name servers of the system. */
  readonly reportUpstreams?: ((event: FileEvent<readonly UpstreamAddress[]>) => void) | undefined;
  /** Which of the name servers of the system are asked, when these have changed. Default: all of them. */
  readonly choose?: ((addresses: readonly UpstreamAddress[]) => readonly UpstreamAddress[]) | undefined;
};

/** A resolver, and what it has open. */
export type OpenResolver = {
  readonly resolver: Resolver;
  /** The name servers that are asked now. */
  upstreams(): readonly UpstreamAddress[];
  /** No longer watches the files, and asks no upstream; questions in flight fail. */
  stop(): void;
};

/**
 * Makes a resolver of a hosts file and name servers.
 *
 * @throws OptionError when the hosts file cannot be read, or an upstream is no address
 */
export async function openResolver(sources: ResolverSources): Promise<OpenResolver> {
  const { upstreams: given = [], resolvConf, reportUpstreams = () => {}, choose = (all) => all } = sources;
  let addresses: readonly UpstreamAddress[] = given.map(parseUpstream);
  const watchedHosts = await openHosts(sources);
  let watchedServers: WatchedFile<readonly UpstreamAddress[]> | undefined;
  const upstream = new Upstreams({ addresses });
  if (addresses.length === 0 && resolvConf === undefined) addresses = systemUpstreams();
  else if (addresses.length === 0) {
    watchedServers = await WatchedFile.open(resolvConf as string, readResolvConf, {
      fallback: [localNameServer],
      report(event) {
        reportUpstreams(event);
        if (event.type !== 'loaded' || watchedServers === undefined) return;
        addresses = choose(event.content);
        upstream.use(addresses);
      },
    });
    addresses = watchedServers.content;
  }
  upstream.use(addresses);
  const resolver = new Resolver({
    upstream,
    forwardPrivate: sources.forwardPrivate ?? false,
    ...(watchedHosts && { hosts: () => watchedHosts.content.table }),
  });
  return {
    resolver,
    upstreams: () => addresses,
    stop() {
      watchedHosts?.stop();
      watchedServers?.stop();
      upstream.stop();
    },
  };
}

const noHosts: HostsFile = { table: new HostsTable(), lines: 0, warnings: [], warningCount: 0 };

async function openHosts(sources: ResolverSources): Promise<WatchedFile<HostsFile> | undefined> {
  const { hosts: path, hostsMayBeMissing = false, report = () => {} } = sources;
  if (path === undefined) return undefined;
  try {
    return await WatchedFile.open(path, readHostsFile, {
      report,
      ...(hostsMayBeMissing && { fallback: noHosts }),
    });
  } catch (error) {
    throw new OptionError(`the hosts file ${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
