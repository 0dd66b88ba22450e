import { randomBytes } from 'node:crypto';
import { OptionError } from '../errors.ts';
import { mustBe, oneOf, onlyOptions, positiveTime } from '../option-checks.ts';

const versions = ['TLSv1.2', 'TLSv1.3'] as const;
export type TlsVersion = (typeof versions)[number];

/** How an endpoint speaks TLS. Names are those of `node:tls` where they mean the same; PEM is text of RFC 7468. */
export type TlsOptions = {
  /** The certificate and the chain behind it, in PEM. */
  cert: string | Buffer;
  /** Its private key, in PEM. */
  key: string | Buffer;
  /** What the key is encrypted with. */
  passphrase?: string;
  /** Default `TLSv1.2`. */
  minVersion?: TlsVersion;
  /** Default `TLSv1.3`. */
  maxVersion?: TlsVersion;
  /** The ciphers of TLS 1.2, as in ciphers(1) of OpenSSL. Default: OpenSSL's. */
  ciphers?: string;
  /**
   * The application protocols that are spoken here (ALPN, RFC 7301), most wanted first. A client that offers others alone is refused; one that
   * offers none is not. Default: none are negotiated.
   */
  ALPNProtocols?: readonly string[];
  /** Whether clients are asked for a certificate (`request`), or must have one (`require`); one that is sent must be valid. Default: not asked. */
  clientCertificates?: 'request' | 'require';
  /** The certificates of the authorities that clients' certificates must come from, in PEM. */
  ca?: string | Buffer;
  /** How long the handshake may take, in milliseconds, from when the client is in. Default 10 s. */
  handshakeTimeoutMs?: number;
};

/** {@link TlsOptions} with everything decided, such that workers can have them: they share the keys of session tickets. */
export type TlsSettings = {
  readonly cert: string;
  readonly key: string;
  readonly passphrase: string;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  readonly ciphers: string | undefined;
  readonly protocols: readonly string[];
  readonly clientCertificates: 'request' | 'require' | undefined;
  readonly ca: string | undefined;
  readonly handshakeTimeoutMs: number;
  /** Of session tickets: {@link TICKET_KEYS_SIZE} bytes. */
  readonly ticketKeys: Uint8Array;
};

/** Name, key and secret of 16, 32 and 32 bytes (SSL_CTX_set_tlsext_ticket_keys). */
const TICKET_KEYS_SIZE = 80;

const names: Readonly<Record<keyof TlsOptions, true>> = {
  cert: true,
  key: true,
  passphrase: true,
  minVersion: true,
  maxVersion: true,
  ciphers: true,
  ALPNProtocols: true,
  clientCertificates: true,
  ca: true,
  handshakeTimeoutMs: true,
};

/** @throws OptionError for an option that cannot be used; what certificates and keys hold is seen when they are loaded */
export function resolveTls(options: unknown): TlsSettings {
  onlyOptions('tls', options, Object.keys(names));
  const given = options as TlsOptions;
  const { minVersion = 'TLSv1.2', maxVersion = 'TLSv1.3', handshakeTimeoutMs = 10_000 } = given;
  const { passphrase = '', ciphers, clientCertificates } = given;
  oneOf('tls.minVersion', minVersion, versions);
  oneOf('tls.maxVersion', maxVersion, versions);
  if (minVersion > maxVersion)
    throw new OptionError(`tls.minVersion ${minVersion} is above tls.maxVersion ${maxVersion}`);
  if (clientCertificates !== undefined)
    oneOf('tls.clientCertificates', clientCertificates, ['request', 'require']);
  if (clientCertificates !== undefined && given.ca === undefined)
    throw new OptionError('tls.clientCertificates needs tls.ca: the authorities that they must come from');
  if (typeof passphrase !== 'string') throw mustBe('tls.passphrase', 'text', '(hidden)');
  if (ciphers !== undefined && typeof ciphers !== 'string') throw mustBe('tls.ciphers', 'text', ciphers);
  return {
    cert: pem('tls.cert', given.cert),
    key: pem('tls.key', given.key),
    passphrase,
    minVersion,
    maxVersion,
    ciphers,
    protocols: applicationProtocols(given.ALPNProtocols),
    clientCertificates,
    ca: given.ca === undefined ? undefined : pem('tls.ca', given.ca),
    handshakeTimeoutMs: positiveTime('tls.handshakeTimeoutMs', handshakeTimeoutMs),
    ticketKeys: new Uint8Array(randomBytes(TICKET_KEYS_SIZE)),
  };
}

/** What is given is never shown: it may be a key. */
function pem(name: string, value: unknown): string {
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
  if (typeof text === 'string' && text.includes('-----BEGIN ')) return text;
  throw new OptionError(
    `${name} must be PEM, text with a line "-----BEGIN ...-----", and not the path of a file`,
  );
}

function applicationProtocols(value: unknown): readonly string[] {
  if (value === undefined) return [];
  const valid = (each: unknown) =>
    typeof each === 'string' && /^[\x21-\x7e]+$/.test(each) && each.length <= 255;
  if (Array.isArray(value) && value.length > 0 && value.every(valid)) return [...value];
  throw mustBe('tls.ALPNProtocols', 'a list of names of 1 to 255 characters of ASCII', value);
}
