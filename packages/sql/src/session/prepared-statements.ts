import { SqlError } from '../sql-error.ts';
import type { PreparedStatement } from './prepared-statement.ts';

/** The most prepared statements of one client. */
const MAX_PREPARED = 10_000;

/** The statements that a client has prepared, by Parse or by PREPARE, by name; the one without a name is `''`. */
export class PreparedStatements {
  readonly #byName = new Map<string, PreparedStatement>();

  /** @throws SqlError 42P05 when the name is taken, which that of the unnamed one never is; 54000 when there are too many */
  checkFree(name: string): void {
    if (name !== '' && this.#byName.has(name)) {
      throw new SqlError('42P05', `prepared statement "${name}" already exists`);
    }
    if (this.#byName.size >= MAX_PREPARED) {
      throw new SqlError('54000', `a client has at most ${MAX_PREPARED} prepared statements`);
    }
  }

  set(name: string, statement: PreparedStatement): void {
    this.#byName.set(name, statement);
  }

  peek(name: string): PreparedStatement | undefined {
    return this.#byName.get(name);
  }

  /** @throws SqlError 26000 */
  get(name: string): PreparedStatement {
    const statement = this.#byName.get(name);
    if (statement === undefined) throw noStatement(name);
    return statement;
  }

  /** @returns whether it was there */
  delete(name: string): boolean {
    return this.#byName.delete(name);
  }

  /** All but the one without a name. */
  deleteNamed(): void {
    for (const name of this.#byName.keys()) if (name !== '') this.#byName.delete(name);
  }
}

/** 26000. */
export function noStatement(name: string): SqlError {
  const which = name === '' ? 'unnamed prepared statement' : `prepared statement "${name}"`;
  return new SqlError('26000', `${which} does not exist`);
}
