import { PlatformError, ZocaloError } from '../errors.ts';
import type { TlsByDialect, TlsLayer } from '../tls/tls-layer.ts';

/**
 * Loads TLS, if any endpoint speaks it.
 * @throws OptionError for a certificate or a key that OpenSSL does not take; PlatformError when OpenSSL cannot be called
 */
export async function loadTls(byDialect: TlsByDialect): Promise<TlsLayer | undefined> {
  if (Object.keys(byDialect).length === 0) return undefined;
  try {
    const { TlsLayer } = await import('../tls/tls-layer.ts');
    return new TlsLayer(byDialect);
  } catch (cause) {
    if (cause instanceof ZocaloError) throw cause;
    const message = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new PlatformError(`TLS needs koffi, and it does not load: ${message}`, { cause });
  }
}
