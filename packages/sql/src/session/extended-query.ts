import { SqlError } from '../sql-error.ts';
import type { BindMessage, FrontendMessage, Target } from '../wire/frontend.ts';
import { parameterValue } from '../wire/value-parameter.ts';
import type { ClientState } from './client-state.ts';
import type { Compiled } from './compiler.ts';
import type { CopyExchange } from './copy-exchange.ts';
import { describeStatement } from './describe.ts';
import { Portal } from './portal.ts';
import { PreparedStatement, parameterTypes } from './prepared-statement.ts';
import { DescribedColumns, described } from './result-shape.ts';
import type { Opened } from './run-data.ts';
import { awaited, type Work } from './work.ts';

/** The messages that take a statement from Parse to Close. */
export type ExtendedMessage = Extract<
  FrontendMessage,
  { type: 'parse' | 'bind' | 'describe' | 'execute' | 'close' }
>;

/** Carries out Parse, Bind, Describe, Execute and Close. */
export class ExtendedQuery {
  readonly #client: ClientState;
  readonly #copy: CopyExchange;

  constructor(client: ClientState, copy: CopyExchange) {
    this.#client = client;
    this.#copy = copy;
  }

  /** @returns whether it was done; if not, the client has got the error, and what follows up to Sync is to be skipped */
  *handle(message: ExtendedMessage): Work<boolean> {
    const { out } = this.#client;
    let compiled: Compiled | undefined;
    try {
      switch (message.type) {
        case 'parse': {
          const statement = this.#parse(message.statement, message.sql, message.parameterTypes);
          compiled = statement.compiled;
          if (compiled !== undefined) yield* this.#analyze(compiled);
          out.parseComplete();
          break;
        }
        case 'bind':
          compiled = this.#bind(message);
          out.bindComplete();
          break;
        case 'describe':
          if (message.target === 'portal' && this.#describedCursor(message.name)) break;
          compiled = this.#compiledOf(message.target, message.name);
          yield* message.target === 'statement'
            ? this.#describeStatement(message.name)
            : this.#describePortal(message.name);
          break;
        case 'execute':
          compiled = this.#compiledOf('portal', message.portal);
          yield* this.#execute(message.portal, message.maxRows);
          break;
        case 'close':
          this.#close(message.target, message.name);
          out.closeComplete();
      }
      return true;
    } catch (error) {
      yield* this.#client.fail(error, compiled);
      return false;
    }
  }

  #parse(name: string, sql: string, given: readonly number[]): PreparedStatement {
    const { prepared, compiler, engine } = this.#client;
    prepared.checkFree(name);
    const statements = compiler.compile(sql);
    if (statements.length > 1) {
      throw new SqlError('42601', 'cannot insert multiple commands into a prepared statement');
    }
    const [compiled] = statements;
    const statement = new PreparedStatement(compiled, parameterTypes(compiled, given, engine));
    prepared.set(name, statement);
    return statement;
  }

  /** Whether all that a statement names is there is known when it is parsed. */
  *#analyze(compiled: Compiled): Work {
    const client = this.#client;
    client.check(compiled);
    const sql = compiled.translation?.sql;
    if (sql?.length === 1 && compiled.command.kind !== 'definition') {
      client.sessionInfo.update();
      yield* awaited(client.session.describe(sql[0] as string));
    }
  }

  #bind(message: BindMessage): Compiled | undefined {
    const client = this.#client;
    const statement = client.prepared.get(message.statement);
    const { compiled, parameterTypes } = statement;
    if (compiled !== undefined) client.check(compiled);
    const { parameters } = message;
    if (parameters.length !== parameterTypes.length) {
      throw new SqlError(
        '08P01',
        `bind message supplies ${parameters.length} parameters, but prepared statement "${message.statement}" requires ${parameterTypes.length}`,
      );
    }
    const values = parameterTypes.map((type, i) => parameterValue(parameters, i, type));
    client.portals.clear(message.portal);
    client.portals.set(message.portal, new Portal(statement, values, message.resultFormats));
    return compiled;
  }

  *#describeStatement(name: string): Work {
    const client = this.#client;
    const { out } = client;
    const statement = client.prepared.get(name);
    out.parameterDescription(statement.parameterTypes);
    if (statement.compiled !== undefined) client.check(statement.compiled);
    client.sessionInfo.update();
    const shape = yield* describeStatement(client, statement);
    if (shape === undefined) out.noData();
    else out.rowDescription(described(shape.columns, shape.types, client.locate));
  }

  /** A cursor of SQL is a portal as well. */
  #describedCursor(name: string): boolean {
    const { portals, cursors, out, locate } = this.#client;
    if (portals.has(name) || !cursors.has(name)) return false;
    const { columns, types } = cursors.get(name);
    out.rowDescription(described(columns, types, locate));
    return true;
  }

  *#describePortal(name: string): Work {
    const client = this.#client;
    const portal = client.portals.get(name);
    const { statement } = portal;
    const { compiled } = statement;
    if (compiled !== undefined) client.check(compiled);
    client.sessionInfo.update();
    // A query begins already here: its first row may give types that nothing else gives.
    const begins = compiled !== undefined && portal.readsOnly && statement.describedTypes === undefined;
    const opened = begins ? yield* portal.open(client, compiled, 1) : portal.opened;
    const shape = opened?.kind === 'rows' ? opened.result : yield* describeStatement(client, statement);
    if (shape === undefined) client.out.noData();
    else {
      const { described = new DescribedColumns() } = compiled ?? {};
      client.out.rowDescription(described.for(shape.columns, shape.types, client.locate), portal.formats);
    }
  }

  *#execute(name: string, maxRows: number): Work {
    const client = this.#client;
    const portal = client.portals.get(name);
    const { compiled } = portal.statement;
    if (compiled === undefined) {
      client.out.emptyQueryResponse();
      return;
    }
    client.check(compiled);
    client.beginImplicit(compiled);
    client.sessionInfo.update();
    const opened = yield* portal.open(client, compiled, maxRows);
    yield* this.#give(portal, opened, maxRows);
  }

  *#give(portal: Portal, opened: Opened, maxRows: number): Work {
    const { out } = this.#client;
    switch (opened.kind) {
      case 'done':
        out.commandComplete(opened.tag);
        return;
      case 'copy':
        yield* this.#copy.begin(opened.compiled);
        return;
      case 'rows': {
        const { result } = opened;
        const before = result.sent;
        if (yield* result.write(out, maxRows, portal.formats)) {
          out.commandComplete(opened.tag(result.sent - (maxRows > 0 ? before : 0)));
        } else out.portalSuspended();
      }
    }
  }

  #close(target: Target, name: string): void {
    const { prepared, portals, cursors } = this.#client;
    if (target === 'statement') prepared.delete(name);
    else if (portals.has(name) || !cursors.has(name)) portals.close(name);
    else cursors.close(name);
  }

  #compiledOf(target: Target, name: string): Compiled | undefined {
    const { prepared, portals } = this.#client;
    return target === 'statement' ? prepared.get(name).compiled : portals.get(name).statement.compiled;
  }
}
