import { classify } from '../dialect/classify.ts';
import type { Command } from '../dialect/commands.ts';
import { translate } from '../dialect/translate.ts';
import type { ParameterHint, Translation } from '../dialect/translation.ts';
import type { Engine } from '../engine/engine.ts';
import type { Column } from '../engine/types.ts';
import { type Statement, splitStatements, statementText } from '../parse/statements.ts';
import type { PgType } from '../types/pg-type.ts';
import { DescribedColumns, knownTypes, RowWriters, typeNamed } from './result-shape.ts';

/** A statement that was read: what it is, and what SQLite is to be asked. */
export class Compiled {
  readonly statement: Statement;
  readonly text: string;
  readonly command: Command;
  /** Of what SQLite runs; undefined for what only the session carries out. */
  readonly translation: Translation | undefined;
  /** The statement in it that SQLite runs: of EXPLAIN, DECLARE, PREPARE and COPY. */
  readonly inner: Compiled | undefined;
  /** The types that the statement itself gives, by column. */
  readonly hintedTypes: readonly (PgType | undefined)[];
  /** Whether it gives types of columns whose places depend on those of a table. */
  readonly countsFromEnd: boolean;
  readonly writers = new RowWriters();
  readonly described = new DescribedColumns();
  #columns: readonly Column[] | undefined;
  #types: readonly (PgType | undefined)[] = [];

  constructor(
    statement: Statement,
    command: Command,
    translation: Translation | undefined,
    inner: Compiled | undefined,
  ) {
    this.inner = inner;
    this.statement = statement;
    this.text = statementText(statement);
    this.command = command;
    this.translation = translation;
    const hints = translation?.columns ?? [];
    this.countsFromEnd = hints.some(({ index }) => index < 0);
    const types: (PgType | undefined)[] = [];
    for (const { index, typeName } of hints) if (index >= 0) types[index] = typeNamed(typeName);
    this.hintedTypes = types;
  }

  /** What is known of the parameters that a client may bind. */
  get parameters(): readonly ParameterHint[] {
    if (this.command.kind === 'prepare') return [];
    return this.translation?.parameters ?? this.inner?.translation?.parameters ?? [];
  }

  /** What is known of the types of its columns before there is a row. */
  typesOf(columns: readonly Column[]): readonly (PgType | undefined)[] {
    if (columns !== this.#columns) {
      this.#types = knownTypes(columns, this.translation?.columns ?? []);
      this.#columns = columns;
    }
    return this.#types;
  }
}

const MAX_CACHED = 2_000;
/** Longer texts are hardly sent twice, and would fill the memory. */
const MAX_CACHED_LENGTH = 10_000;

/** Reads statements, and remembers those that were read, for all sessions; a new schema makes all of them stale. */
export class Compiler {
  readonly #engine: Engine;
  readonly #kept = new Map<string, readonly Compiled[]>();
  #schema = -1;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * The statements of a text.
   * @throws SqlError
   */
  compile(source: string): readonly Compiled[] {
    this.#refresh();
    const kept = this.#kept.get(source);
    if (kept !== undefined) return kept;
    const compiled = splitStatements(source).map((statement) => this.compileOne(statement));
    if (source.length <= MAX_CACHED_LENGTH) this.#keep(source, compiled);
    return compiled;
  }

  /**
   * A query whose numbers were taken out, so that it need not be read anew for each number. Undefined for what cannot be
   * treated like that.
   */
  compileTemplate(source: string): { compiled: Compiled; values: readonly bigint[] } | undefined {
    const lifted = liftLiterals(source);
    if (lifted === undefined) return undefined;
    this.#refresh();
    const statements = this.#kept.get(lifted.template) ?? this.#tryTemplate(lifted.template);
    const [compiled] = statements;
    const fits =
      statements.length === 1 &&
      compiled?.command.kind === 'select' &&
      compiled.translation?.parameters.length === lifted.values.length;
    return compiled !== undefined && fits ? { compiled, values: lifted.values } : undefined;
  }

  /** One statement, which is not remembered. @throws SqlError */
  compileOne(statement: Statement): Compiled {
    const command = classify(statement);
    const translation = isTranslated(command) ? translate(statement, this.#columns) : undefined;
    const inner = innerOf(command);
    const compiled = inner === undefined ? undefined : this.compileOne(inner);
    return new Compiled(statement, command, translation, compiled);
  }

  readonly #columns = { columns: (relation: string) => this.#engine.relation(relation)?.columns };

  #tryTemplate(template: string): readonly Compiled[] {
    let compiled: readonly Compiled[] = [];
    try {
      compiled = splitStatements(template).map((statement) => this.compileOne(statement));
    } catch {
      // What is wrong with the statement is said of the statement as it came.
    }
    this.#keep(template, compiled);
    return compiled;
  }

  #refresh(): void {
    const { schema } = this.#engine;
    if (schema === this.#schema) return;
    this.#schema = schema;
    this.#kept.clear();
  }

  #keep(source: string, compiled: readonly Compiled[]): void {
    if (this.#kept.size >= MAX_CACHED) {
      for (const oldest of this.#kept.keys()) {
        this.#kept.delete(oldest);
        break;
      }
    }
    this.#kept.set(source, compiled);
  }
}

function innerOf(command: Command): Statement | undefined {
  switch (command.kind) {
    case 'explain':
    case 'declare':
    case 'prepare':
      return command.statement;
    case 'copy':
      return command.query;
    default:
      return undefined;
  }
}

function isTranslated({ kind }: Command): boolean {
  return ['select', 'insert', 'update', 'delete', 'definition'].includes(kind);
}

/** Longer statements are hardly sent again with other numbers. */
const MAX_LITERAL = 1_000;

/** Anything in which a number may not be a number, or that makes the order of `$1` matter. */
const unsafe = /['"$\\]|--|\/\*/;
const query = /^\s*select\b/i;
const number = /((?:[=<>]|\bbetween\b|\band\b)\s*)(\d{1,18})(?![\w.])/gi;

/**
 * A query with its compared numbers taken out: `… WHERE id = 17` becomes `… WHERE id = $1` and 17. Programs that put numbers
 * into the text of their queries send the same few texts then. Undefined when there is nothing to take out.
 */
function liftLiterals(
  source: string,
): { readonly template: string; readonly values: readonly bigint[] } | undefined {
  if (source.length > MAX_LITERAL || !query.test(source) || unsafe.test(source)) return undefined;
  const values: bigint[] = [];
  const template = source.replace(number, (_, before: string, digits: string) => {
    values.push(BigInt(digits));
    return `${before}$${values.length}`;
  });
  return values.length === 0 ? undefined : { template, values };
}
