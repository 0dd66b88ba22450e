import { OptionError } from '../errors.ts';
import { type Address, bio, clearErrors, selectProtocols, ssl, takeErrors, x509 } from '../sys/openssl.ts';
import type { TlsSettings } from './tls-options.ts';

/* Of openssl/ssl.h. */
const OPTIONS =
  (1n << 30n) | // SSL_OP_NO_RENEGOTIATION
  (1n << 22n) | // SSL_OP_CIPHER_SERVER_PREFERENCE
  (1n << 17n); // SSL_OP_NO_COMPRESSION
const MODES =
  2 | // SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
  16 | // SSL_MODE_RELEASE_BUFFERS: an idle client keeps no buffers
  8; // SSL_MODE_NO_AUTO_CHAIN: with authorities in the store each handshake would build and verify our own chain
const SSL_CTRL_MODE = 33;
const SSL_CTRL_SET_READ_AHEAD = 41;
const SSL_CTRL_SET_SESS_CACHE_MODE = 44;
const SSL_CTRL_SET_TLSEXT_TICKET_KEYS = 59;
const SSL_CTRL_CHAIN_CERT = 89;
const SSL_CTRL_SET_MIN_PROTO_VERSION = 123;
const SSL_CTRL_SET_MAX_PROTO_VERSION = 124;
const VERIFY = { none: 0, request: 1, require: 3 } as const;
const VERSION = { 'TLSv1.2': 0x0303, 'TLSv1.3': 0x0304 } as const;

/** Certificate, key and rules of an endpoint, as OpenSSL keeps them. Connections hold references of their own, so it may be freed before them. */
export class TlsContext {
  readonly handshakeTimeoutMs: number;
  readonly #address: Address;

  /** @throws OptionError for a certificate, a key or ciphers that OpenSSL does not take; PlatformError */
  constructor(settings: TlsSettings) {
    this.handshakeTimeoutMs = settings.handshakeTimeoutMs;
    clearErrors();
    this.#address = ssl.contextNew(ssl.serverMethod());
    try {
      this.#configure(settings);
    } catch (error) {
      this.free();
      throw error;
    } finally {
      clearErrors();
    }
  }

  get address(): Address {
    return this.#address;
  }

  free(): void {
    ssl.contextFree(this.#address);
  }

  #configure(settings: TlsSettings): void {
    const context = this.#address;
    const { ticketKeys, ciphers, protocols, clientCertificates = 'none' } = settings;
    ssl.setOptions(context, OPTIONS);
    ssl.contextControl(context, SSL_CTRL_MODE, MODES, 0);
    // Sessions are resumed by tickets alone, so that they take no memory here.
    ssl.contextControl(context, SSL_CTRL_SET_SESS_CACHE_MODE, 0, 0);
    ssl.contextControl(context, SSL_CTRL_SET_READ_AHEAD, 1, 0);
    ssl.contextControl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, VERSION[settings.minVersion], 0);
    ssl.contextControl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, VERSION[settings.maxVersion], 0);
    // Without one, a session with a client's certificate cannot be resumed.
    ssl.setSessionIdContext(context, 'zocalo', 6);
    this.#useCertificates(settings.cert);
    this.#useKey(settings);
    if (ciphers !== undefined) accepted(ssl.setCipherList(context, ciphers), `tls.ciphers "${ciphers}"`);
    if (settings.ca !== undefined) this.#useAuthorities(settings.ca);
    ssl.setVerify(context, VERIFY[clientCertificates], 0);
    if (protocols.length > 0) selectProtocols(context, protocols);
    const keys = Buffer.from(ticketKeys);
    ssl.contextControlBuffer(context, SSL_CTRL_SET_TLSEXT_TICKET_KEYS, keys.length, keys);
  }

  #useCertificates(pem: string): void {
    let first = true;
    forEachCertificate('tls.cert', pem, (certificate) => {
      const context = this.#address;
      const result = first
        ? ssl.useCertificate(context, certificate)
        : ssl.contextControl(context, SSL_CTRL_CHAIN_CERT, 1, certificate);
      first = false;
      accepted(result, 'tls.cert');
    });
  }

  #useKey({ key: pem, passphrase }: TlsSettings): void {
    const key = withPem(pem, (memory) => x509.readKey(memory, 0, 0, passphrase));
    if (key === 0) {
      const hint = pem.includes('ENCRYPTED') ? ', with tls.passphrase if it is encrypted' : '';
      throw refused(`tls.key must be a private key in PEM${hint}`);
    }
    try {
      accepted(ssl.usePrivateKey(this.#address, key), 'tls.key');
    } finally {
      x509.freeKey(key);
    }
    accepted(ssl.checkPrivateKey(this.#address), 'tls.key does not fit tls.cert');
  }

  #useAuthorities(pem: string): void {
    forEachCertificate('tls.ca', pem, (certificate) => {
      accepted(ssl.addToStore(ssl.certificateStore(this.#address), certificate), 'tls.ca');
      accepted(ssl.addClientAuthority(this.#address, certificate), 'tls.ca');
    });
  }
}

/** Calls back with each certificate of a text, which is freed then. */
function forEachCertificate(name: string, pem: string, use: (certificate: Address) => void): void {
  const count = withPem(pem, (memory) => {
    let read = 0;
    // An empty passphrase: with none, OpenSSL may ask for one on the terminal.
    const next = () => x509.readCertificate(memory, 0, 0, '');
    for (let certificate = next(); certificate !== 0; certificate = next()) {
      read++;
      try {
        use(certificate);
      } finally {
        x509.free(certificate);
      }
    }
    return read;
  });
  if (count === 0) throw refused(`${name} must hold a certificate in PEM`);
  clearErrors();
}

function withPem<Result>(pem: string, read: (memory: Address) => Result): Result {
  const memory = bio.new();
  const bytes = Buffer.from(pem, 'latin1');
  try {
    bio.write(memory, bytes, bytes.length);
    return read(memory);
  } finally {
    bio.free(memory);
  }
}

function accepted(result: number, what: string): void {
  if (result < 1) throw refused(what);
}

function refused(what: string): OptionError {
  const reasons = takeErrors();
  return new OptionError(reasons.length === 0 ? what : `${what}: OpenSSL says ${reasons.join('; ')}`);
}
