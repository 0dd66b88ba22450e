/** What to connect to: a host and a port, or the path of a Unix socket. */
export type Target = { readonly host: string; readonly port: number } | { readonly path: string };

/** The forms that {@link parseTarget} reads, for messages and help. */
export const targetForms = 'HOST:PORT, [::1]:8080, :8080, 8080 or the path of a Unix socket';

/**
 * Reads what a person writes for a place: `host:8080`, `127.0.0.1:8080`, `[::1]:8080`; `:8080` and `8080`, which are on
 * this machine; or anything with a slash, which is the path of a Unix socket.
 * @returns undefined when it is none of those
 */
export function parseTarget(text: string): Target | undefined {
  if (/[/\\]/.test(text)) return { path: text };
  const parts = /^(?:(?:\[([^[\]]+)\]|([^[\]:]*)):)?(\d{1,5})$/.exec(text);
  if (parts === null) return undefined;
  const [, bracketed, name, digits] = parts;
  const port = Number(digits);
  if (port < 1 || port > 65_535) return undefined;
  return { host: bracketed || name || '127.0.0.1', port };
}

/** A target as a person writes it. */
export function formatTarget(target: Target): string {
  if ('path' in target) return target.path;
  return target.host.includes(':') ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`;
}
