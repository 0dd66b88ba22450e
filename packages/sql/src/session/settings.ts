import { SqlError } from '../sql-error.ts';
import { type KnownSetting, knownSettings } from './known-settings.ts';

const byName = new Map(knownSettings.map((each) => [each.name.toLowerCase(), each]));

/** The most settings of its own that a client may make up. */
const MAX_CUSTOM_SETTINGS = 1_000;

/** The run-time settings of one session: what SET changes and SHOW returns. */
export class SessionSettings {
  readonly #initial = new Map<string, string>();
  #values = new Map<string, string>();
  /** What holds again after ROLLBACK, while a transaction is open. */
  #before: Map<string, string> | undefined;
  #inTransaction = false;
  /** Another number after every change. */
  version = 0;
  /** What SET LOCAL has changed: the values that hold again at the end of the transaction. */
  readonly #local = new Map<string, string | undefined>();
  /** Is called with each change that is reported to clients. */
  onReport: (name: string, value: string) => void = () => {};

  /** What a client asks for as it starts, and has again after RESET. @throws SqlError 42704, 22023, 55P02, 0A000 */
  start(name: string, value: string): void {
    const entry = this.#find(name);
    if (entry?.fixed === true) throw new SqlError('55P02', `parameter "${entry.name}" cannot be changed`);
    this.#initial.set(name.toLowerCase(), this.#accept(name, entry, value));
  }

  /** What the server has decided. */
  initialize(name: string, value: string): void {
    this.#initial.set(name.toLowerCase(), value);
  }

  /** @throws SqlError 42704 when there is no such setting */
  get(name: string): string {
    const value = this.peek(name);
    if (value === undefined) throw unrecognized(name);
    return value;
  }

  /** As it is spelt: `TimeZone`. */
  properName(name: string): string {
    return byName.get(name.toLowerCase())?.name ?? name;
  }

  peek(name: string): string | undefined {
    const key = name.toLowerCase();
    return this.#values.get(key) ?? this.#initial.get(key) ?? byName.get(key)?.initial;
  }

  /**
   * @param value undefined: what it was at the beginning
   * @throws SqlError 42704, 22023, 55P02, 0A000
   */
  set(name: string, value: string | undefined, local = false): void {
    const key = name.toLowerCase();
    const entry = this.#find(name);
    if (entry?.fixed === true) {
      throw new SqlError('55P02', `parameter "${entry.name}" cannot be changed`);
    }
    if (entry === undefined && !this.#values.has(key) && this.#values.size >= MAX_CUSTOM_SETTINGS) {
      throw new SqlError('54000', `a session has at most ${MAX_CUSTOM_SETTINGS} settings`);
    }
    const accepted = value === undefined ? undefined : this.#accept(name, entry, value);
    if (local && !this.#local.has(key)) this.#local.set(key, this.#values.get(key));
    if (!local) this.#local.delete(key);
    this.#put(key, accepted);
  }

  resetAll(): void {
    for (const key of [...this.#values.keys()]) this.#put(key, undefined);
  }

  /** Every setting and its value, in the order of their names. */
  *all(): Generator<[name: string, value: string]> {
    const custom = [...this.#values.keys()].filter((key) => !byName.has(key));
    const names = [...knownSettings.map(({ name }) => name), ...custom];
    const order = (name: string) => name.toLowerCase();
    for (const name of names.sort((a, b) => (order(a) < order(b) ? -1 : 1))) yield [name, this.get(name)];
  }

  /** What is reported to a client as it starts. */
  *reported(): Generator<[name: string, value: string]> {
    for (const { name, reported } of knownSettings) if (reported === true) yield [name, this.get(name)];
  }

  beginTransaction(): void {
    this.#inTransaction = true;
  }

  endTransaction(committed: boolean): void {
    if (committed) {
      for (const [key, value] of this.#local) this.#put(key, value);
    } else if (this.#before !== undefined) {
      for (const key of new Set([...this.#values.keys(), ...this.#before.keys()]))
        this.#put(key, this.#before.get(key));
    }
    this.#local.clear();
    this.#before = undefined;
    this.#inTransaction = false;
  }

  #put(key: string, value: string | undefined): void {
    if (this.#inTransaction) this.#before ??= new Map(this.#values);
    this.version++;
    const before = this.peek(key);
    if (value === undefined) this.#values.delete(key);
    else this.#values.set(key, value);
    const now = this.peek(key);
    const entry = byName.get(key);
    if (entry?.reported === true && now !== undefined && now !== before) this.onReport(entry.name, now);
  }

  #find(name: string): KnownSetting | undefined {
    const entry = byName.get(name.toLowerCase());
    // Custom settings are called prefix.name.
    if (entry === undefined && !name.includes('.')) throw unrecognized(name);
    return entry;
  }

  #accept(name: string, entry: KnownSetting | undefined, value: string): string {
    if (entry === undefined) return value;
    const accepted = entry.accept?.(value);
    if (accepted !== undefined) return accepted;
    if (entry.name === 'client_encoding') {
      throw new SqlError('0A000', `the client encoding "${value}" is not supported: UTF8 is`);
    }
    throw new SqlError('22023', `invalid value for parameter "${entry.name ?? name}": "${value}"`);
  }
}

function unrecognized(name: string): SqlError {
  return new SqlError('42704', `unrecognized configuration parameter "${name}"`);
}
