import type { TlsOptions } from 'zocalo';
import { CertificateAuthority, type Certified } from './certificates.ts';

/** Whether the servers and clients of tests speak TLS, all of them: `ZOCALO_TEST_TLS=1` runs suites that were written for clear text over it. */
const everywhere = process.env.ZOCALO_TEST_TLS === '1';

/** What the servers and clients of a test trust and show: made when the first asks for it. */
export class TestTls {
  static #made: Promise<TestTls> | undefined;

  readonly authority: CertificateAuthority;
  /** Of `localhost` and 127.0.0.1. */
  readonly server: Certified;

  private constructor(authority: CertificateAuthority, server: Certified) {
    this.authority = authority;
    this.server = server;
  }

  static make(): Promise<TestTls> {
    TestTls.#made ??= (async () => {
      const authority = await CertificateAuthority.create();
      return new TestTls(
        authority,
        await authority.issue('localhost', { names: ['localhost', '127.0.0.1'] }),
      );
    })();
    return TestTls.#made;
  }
}

/** The options of a server when all tests speak TLS; nothing else. */
export async function everywhereTls(): Promise<{ tls?: TlsOptions }> {
  return everywhere ? { tls: (await TestTls.make()).server } : {};
}

/** What a client trusts when all tests speak TLS; undefined when they do not. */
export async function everywhereTrust(): Promise<{ ca: string; servername: string } | undefined> {
  return everywhere ? { ca: (await TestTls.make()).authority.cert, servername: 'localhost' } : undefined;
}
