import type { X509Certificate } from 'node:crypto';

/** What was agreed on in a client's TLS handshake. */
export type TlsInfo = {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly version: string;
  /** The name of the cipher, as OpenSSL writes it. */
  readonly cipher: string;
  /** The application protocol, when the endpoint and the client negotiated one (ALPN). */
  readonly protocol: string | undefined;
  /** The name under which the client knows the server (SNI, RFC 6066 section 3), if it told. */
  readonly serverName: string | undefined;
  /** Whether an earlier session was resumed. */
  readonly resumed: boolean;
  /** The client's certificate, which is valid; undefined when it was not asked for one, or has sent none. */
  readonly peer: X509Certificate | undefined;
};
