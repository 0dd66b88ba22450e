import { SqlError } from '../sql-error.ts';
import type { Portal } from './portal.ts';

/** The most portals of one client. */
const MAX_PORTALS = 10_000;

/** The portals of a client, by name; the one without a name is `''`. They are closed as they leave. */
export class Portals {
  readonly #byName = new Map<string, Portal>();

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** @throws SqlError 34000 */
  get(name: string): Portal {
    const portal = this.#byName.get(name);
    if (portal === undefined) throw new SqlError('34000', `portal "${name}" does not exist`);
    return portal;
  }

  /**
   * Makes room for a portal: the one without a name gives way.
   * @throws SqlError 42P03 when the name is taken, 54000 when there are too many
   */
  clear(name: string): void {
    if (name === '') this.close('');
    else if (this.#byName.has(name)) throw new SqlError('42P03', `cursor "${name}" already exists`);
    if (this.#byName.size >= MAX_PORTALS)
      throw new SqlError('54000', `a client has at most ${MAX_PORTALS} portals`);
  }

  set(name: string, portal: Portal): void {
    this.#byName.set(name, portal);
  }

  close(name: string): void {
    this.#byName.get(name)?.close();
    this.#byName.delete(name);
  }

  closeAll(): void {
    if (this.#byName.size === 0) return;
    for (const portal of this.#byName.values()) portal.close();
    this.#byName.clear();
  }
}
