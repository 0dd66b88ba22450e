import { OptionError } from '../../../errors.ts';
import { type HostsEvent, WatchedHosts } from '../hosts/watched-hosts.ts';
import { parseUpstream, systemUpstreams } from '../upstream/upstream-address.ts';
import { Upstreams } from '../upstream/upstreams.ts';
import { Resolver } from './resolver.ts';

export type NamesOptions = {
  /** The path of a hosts file; without it no names are known here. */
  readonly hosts?: string | undefined;
  /** `IP` or `IP:PORT`, asked in this order. Default: those of the system. */
  readonly upstreams?: readonly string[] | undefined;
  /** Called when the hosts file was read, the first time too, and when it cannot be read any more. */
  readonly report?: ((event: HostsEvent) => void) | undefined;
};

/** A resolver, and what it has open. */
export type OpenResolver = {
  readonly resolver: Resolver;
  /** No longer watches the hosts file, and asks nobody; questions in flight fail. */
  stop(): void;
};

/**
 * Makes a resolver of a hosts file and name servers.
 *
 * @throws OptionError when the hosts file cannot be read, or an upstream is no address
 */
export async function openResolver({
  hosts,
  upstreams,
  report = () => {},
}: NamesOptions): Promise<OpenResolver> {
  const given = upstreams?.map(parseUpstream) ?? [];
  const addresses = given.length > 0 ? given : systemUpstreams();
  const watched = hosts === undefined ? undefined : await openHosts(hosts, report);
  const upstream = new Upstreams({ addresses });
  const resolver = new Resolver({ upstream, ...(watched && { hosts: () => watched.table }) });
  return {
    resolver,
    stop() {
      watched?.stop();
      upstream.stop();
    },
  };
}

async function openHosts(path: string, report: (event: HostsEvent) => void): Promise<WatchedHosts> {
  try {
    return await WatchedHosts.open(path, { report });
  } catch (error) {
    throw new OptionError(`the hosts file ${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
