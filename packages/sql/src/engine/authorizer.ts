import { constants } from 'node:sqlite';
import { EngineError } from './engine-error.ts';

/** What a statement would do, as SQLite reported while it compiled it. */
export type Effects = {
  /** Whether it changes the database, its schema included. */
  writes: boolean;
  /** Whether it changes temporary tables, which are the session's own. */
  writesTemporary: boolean;
  /** Whether it reads temporary tables. */
  readsTemporary: boolean;
  /** Functions it calls, in lower case. */
  functions: Set<string>;
};

/** Pragmas that only report something, and those that do when they are given no value. */
const readingPragmas = new Set(
  (
    'table_info table_xinfo table_list index_info index_xinfo index_list foreign_key_list foreign_key_check ' +
    'database_list collation_list compile_options function_list module_list pragma_list integrity_check quick_check'
  ).split(' '),
);
const askedPragmas = new Set(
  (
    'application_id auto_vacuum cache_size data_version encoding foreign_keys freelist_count journal_mode ' +
    'page_count page_size schema_version synchronous user_version query_only busy_timeout'
  ).split(' '),
);
/** Pragmas that write only what an application keeps in the file for itself. */
const writingPragmas = new Set(['application_id', 'user_version']);
const modules = new Set(['fts3', 'fts4', 'fts5', 'rtree', 'rtree_i32', 'geopoly', 'fts5vocab', 'fts4aux']);
const forbiddenFunctions = new Set(['load_extension', 'fts3_tokenizer']);

const writing = new Set([
  constants.SQLITE_INSERT,
  constants.SQLITE_UPDATE,
  constants.SQLITE_DELETE,
  constants.SQLITE_CREATE_TABLE,
  constants.SQLITE_CREATE_INDEX,
  constants.SQLITE_CREATE_VIEW,
  constants.SQLITE_CREATE_TRIGGER,
  constants.SQLITE_DROP_TABLE,
  constants.SQLITE_DROP_INDEX,
  constants.SQLITE_DROP_VIEW,
  constants.SQLITE_DROP_TRIGGER,
  constants.SQLITE_DROP_VTABLE,
  constants.SQLITE_ALTER_TABLE,
  constants.SQLITE_REINDEX,
  constants.SQLITE_ANALYZE,
]);
const writingTemporary = new Set([
  constants.SQLITE_CREATE_TEMP_TABLE,
  constants.SQLITE_CREATE_TEMP_INDEX,
  constants.SQLITE_CREATE_TEMP_VIEW,
  constants.SQLITE_CREATE_TEMP_TRIGGER,
  constants.SQLITE_DROP_TEMP_TABLE,
  constants.SQLITE_DROP_TEMP_INDEX,
  constants.SQLITE_DROP_TEMP_VIEW,
  constants.SQLITE_DROP_TEMP_TRIGGER,
]);

/**
 * Decides what statements may do (https://www.sqlite.org/c3ref/set_authorizer.html), and notes what those that are
 * compiled would do. Nothing is decided by the text of a statement: what a view, a trigger or a function does counts as well.
 */
export class Authorizer {
  readonly #readOnly: boolean;
  /** The catalog's own temporary views, which every session may read and none changes. */
  readonly #common: ReadonlySet<string>;
  #effects: Effects | undefined;
  #trusted = false;
  #refusal: EngineError | undefined;

  constructor(readOnly: boolean, common: ReadonlySet<string>) {
    this.#readOnly = readOnly;
    this.#common = common;
  }

  /** Compiles something and returns what it would do. */
  watch<Result>(compile: () => Result): { result: Result; effects: Effects } {
    const effects: Effects = {
      writes: false,
      writesTemporary: false,
      readsTemporary: false,
      functions: new Set(),
    };
    const before = this.#effects;
    this.#effects = effects;
    try {
      return { result: compile(), effects };
    } finally {
      this.#effects = before;
    }
  }

  /** Runs what the engine itself wants: its transactions. */
  trusting<Result>(run: () => Result): Result {
    const before = this.#trusted;
    this.#trusted = true;
    try {
      return run();
    } finally {
      this.#trusted = before;
    }
  }

  /** Why something was refused since the last time this was asked; SQLite itself says only "not authorized". */
  takeRefusal(): EngineError | undefined {
    const refusal = this.#refusal;
    this.#refusal = undefined;
    return refusal;
  }

  /** To be given to `setAuthorizer`. */
  readonly decide = (
    action: number,
    first: string | null,
    second: string | null,
    database: string | null,
  ): number => {
    if (this.#trusted) return constants.SQLITE_OK;
    if (writing.has(action)) return this.#write(action, first, second, database);
    if (writingTemporary.has(action)) return this.#writeTemporary(first);
    switch (action) {
      case constants.SQLITE_SELECT:
      case constants.SQLITE_RECURSIVE:
        return constants.SQLITE_OK;
      case constants.SQLITE_READ:
        if (database === 'temp' && this.#effects !== undefined && !this.#isCommon(first)) {
          this.#effects.readsTemporary = true;
        }
        return constants.SQLITE_OK;
      case constants.SQLITE_FUNCTION:
        return this.#function((second ?? '').toLowerCase());
      case constants.SQLITE_PRAGMA:
        return this.#pragma((first ?? '').toLowerCase(), second);
      case constants.SQLITE_CREATE_VTABLE:
        if (!modules.has((second ?? '').toLowerCase())) {
          return this.#refuse(`virtual tables of the module ${second} are not allowed`);
        }
        return this.#write(action, first, second, database);
      case constants.SQLITE_ATTACH:
        // VACUUM attaches a file without a name while it runs; a statement says what it attaches as it is compiled.
        if (this.#effects === undefined && first === '') return constants.SQLITE_OK;
        return this.#refuse('ATTACH, and VACUUM INTO, are not allowed: the server has one database');
      case constants.SQLITE_DETACH:
        return this.#refuse('DETACH is not allowed: the server has one database');
      case constants.SQLITE_TRANSACTION:
      case constants.SQLITE_SAVEPOINT:
        // VACUUM again.
        if (this.#effects === undefined) return constants.SQLITE_OK;
        return this.#refuse('transactions are not begun or ended in this way');
      default:
        return this.#refuse(`this is not allowed (action ${action} of the authorizer)`);
    }
  };

  #write(action: number, first: string | null, second: string | null, database: string | null): number {
    const temporary = (action === constants.SQLITE_ALTER_TABLE ? first : database) === 'temp';
    if (temporary) return this.#writeTemporary(action === constants.SQLITE_ALTER_TABLE ? second : first);
    if (this.#effects !== undefined) this.#effects.writes = true;
    if (this.#readOnly && this.#effects === undefined) {
      return this.#refuse('the database is read-only', 'read-only');
    }
    return constants.SQLITE_OK;
  }

  #writeTemporary(name: string | null): number {
    if (this.#isCommon(name) && !isSchemaTable(name)) {
      return this.#refuse(`"${name}" belongs to the system catalog`);
    }
    if (this.#effects !== undefined) this.#effects.writesTemporary = true;
    return constants.SQLITE_OK;
  }

  #isCommon(name: string | null): boolean {
    return name === null || isSchemaTable(name) || this.#common.has(name);
  }

  #function(name: string): number {
    if (forbiddenFunctions.has(name)) return this.#refuse(`the function ${name} is not allowed`);
    this.#effects?.functions.add(name);
    return constants.SQLITE_OK;
  }

  #pragma(name: string, value: string | null): number {
    if (readingPragmas.has(name) || (askedPragmas.has(name) && value === null)) return constants.SQLITE_OK;
    if (!writingPragmas.has(name)) {
      return this.#refuse(`PRAGMA ${name}${value === null ? '' : ' with a value'} is not allowed`);
    }
    if (this.#effects !== undefined) this.#effects.writes = true;
    return constants.SQLITE_OK;
  }

  #refuse(message: string, failure: 'forbidden' | 'read-only' = 'forbidden'): number {
    this.#refusal = new EngineError(failure, message);
    return constants.SQLITE_DENY;
  }
}

function isSchemaTable(name: string | null): boolean {
  return name === 'sqlite_temp_master' || name === 'sqlite_temp_schema';
}
