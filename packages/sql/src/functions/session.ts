import { own } from '../own-value.ts';
/** What functions may ask about the session that calls them. */
export type Session = {
  /** When the transaction began, in microseconds since 1970. */
  now(): bigint;
  /** When this is asked, in the same. */
  clock(): bigint;
  readonly user: string;
  readonly database: string;
  /** The number that the client was given with BackendKeyData. */
  readonly processId: number;
  /** A setting by its name in lower case; undefined when there is none. */
  setting(name: string): string | undefined;
  /** All settings with their values. */
  settings(): readonly (readonly [name: string, value: string])[];
};

type Info = Readonly<Record<string, string | number | boolean | null>>;

/**
 * The session by its sessionInfo, which change from statement to statement: `user`, `database`, `processId`,
 * `transactionStart` (milliseconds since 1970), and settings as a JSON object by their names in lower case.
 */
export function sessionOf(sessionInfo: { readonly current: Info }): Session {
  const text = (name: string) => {
    const value = sessionInfo.current[name];
    return value === undefined || value === null ? undefined : String(value);
  };
  const all = () => JSON.parse(text('settings') ?? '{}') as Record<string, string>;
  return {
    now: () => BigInt(Math.round(Number(sessionInfo.current.transactionStart ?? Date.now()) * 1000)),
    clock: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)),
    get user() {
      return text('user') ?? 'zocalo';
    },
    get database() {
      return text('database') ?? 'main';
    },
    get processId() {
      return Number(sessionInfo.current.processId ?? process.pid);
    },
    setting(name) {
      const known = own(all(), name);
      if (known !== undefined) return known;
      return name === 'search_path' ? text('searchPath') : name === 'timezone' ? text('timeZone') : undefined;
    },
    settings: () => Object.entries(all()),
  };
}
