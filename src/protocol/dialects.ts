import type { AnyProtocol, ServiceHooks } from './protocol.ts';

/**
 * A service that speaks several protocols, each at a door of its own, as in `serve(service, { doors: { dns: { port: 5353 }, … } })`.
 * The doors share the limit, the waiting line, the events and the statistics of one server; what the protocols share is up to them.
 */
export interface Dialects extends ServiceHooks {
  /** For events and logs. */
  readonly name: string;
  /** The protocols, by the names of their doors: the first is the main one. */
  readonly dialects: Readonly<Record<string, AnyProtocol>>;
}

/** What a server serves. */
export type Served = AnyProtocol | Dialects;

/** The protocols of a service by the names of their dialects; that of a single protocol is called as it is. */
export function dialectsOf(served: Served): Readonly<Record<string, AnyProtocol>> {
  return 'dialects' in served ? served.dialects : { [served.name]: served };
}
