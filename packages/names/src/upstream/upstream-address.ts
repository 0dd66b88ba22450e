import { isIP } from 'node:net';
import { OptionError } from 'zocalo';

export const DNS_PORT = 53;

/** Where a name server is that is asked. */
export type UpstreamAddress = {
  readonly host: string;
  readonly port: number;
  /** Whether it is asked over TCP alone. */
  readonly tcp?: boolean;
};

/**
 * An address as it is given: `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:5353`; without a port it is 53.
 *
 * @throws OptionError when it is none of these
 */
export function parseUpstream(text: string): UpstreamAddress {
  const [, bracketed, plain, port = String(DNS_PORT)] =
    /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = isIP(text) === 6 ? text : (bracketed ?? plain ?? '');
  const number = isIP(text) === 6 ? DNS_PORT : Number(port);
  if (isIP(host) === 0 || number < 1 || number > 65_535) {
    throw new OptionError(
      `the upstream ${JSON.stringify(text)} is no address: give IP or IP:PORT, with brackets around IPv6 that has a port`,
    );
  }
  return { host, port: number };
}

/** As {@link parseUpstream} reads it. */
export function formatUpstream({ host, port }: UpstreamAddress): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}
