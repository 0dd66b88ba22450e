import type { Refusal } from '../session/refusal.ts';
import type { Session } from '../session/session.ts';
import type { Clock } from '../session/session-host.ts';
import type { SessionPort } from '../session/session-port.ts';
import { TlsContext } from './tls-context.ts';
import type { TlsSettings } from './tls-options.ts';
import { TlsSession } from './tls-session.ts';

/** The settings of the endpoints that speak TLS, by their dialects. */
export type TlsByDialect = Readonly<Record<string, TlsSettings>>;

/** Puts TLS between sessions and their loop, at the endpoints that speak it. */
export class TlsLayer {
  readonly #contexts: ReadonlyMap<string, TlsContext>;

  /** @throws OptionError for a certificate or a key that OpenSSL does not take */
  constructor(byDialect: TlsByDialect) {
    this.#contexts = new Map(
      Object.entries(byDialect).map(([dialect, settings]) => [dialect, new TlsContext(settings)]),
    );
  }

  /** What a loop is to adopt for a client. */
  secure(session: Session<unknown, unknown>): SessionPort {
    const { client, deadlines, host, lifecycle } = session;
    const context = this.#contexts.get(client.dialect);
    if (context === undefined) return session;
    return new TlsSession(session, context, host.clock.now + context.handshakeTimeoutMs, {
      clock: host.clock,
      get complete() {
        return !lifecycle.cut;
      },
      secured(info) {
        session.control.tls = info;
        // It could not begin earlier.
        deadlines.activeAt = host.clock.now;
      },
      failed(reason, error, begun) {
        if (error !== undefined) host.failed(client, error);
        lifecycle.finish(reason, begun);
      },
    });
  }

  /** @param deadline when the handshake is given up, in milliseconds of the clock */
  secureRefusal(refusal: Refusal, dialect: string, clock: Clock, deadline: number): SessionPort {
    const context = this.#contexts.get(dialect);
    if (context === undefined) return refusal;
    return new TlsSession(refusal, context, deadline, {
      clock,
      complete: true,
      secured() {},
      failed: () => refusal.broken(),
    });
  }

  /** Frees the contexts; connections that are open go on. */
  free(): void {
    for (const context of this.#contexts.values()) context.free();
  }
}
