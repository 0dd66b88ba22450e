/** Where a server listens. */
export type ServerAddress = {
  /** The numeric IP address; empty for a Unix socket. */
  readonly host: string;
  /** The real port, also when 0 was asked for; 0 for a Unix socket. */
  readonly port: number;
  /** The path of a Unix socket. */
  readonly path: string | undefined;
};

/** An address as a person writes it: `127.0.0.1:8080`, `[::1]:8080`, or the path of a Unix socket. */
export function formatAddress({ host, port, path }: ServerAddress): string {
  if (path !== undefined) return path;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
