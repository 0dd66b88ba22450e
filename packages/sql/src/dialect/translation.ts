/** What is known of a column of the result before the statement runs. */
export type ColumnHint = {
  /** Counted from 0; from the end (-1 is the last) for those behind a `*`. */
  readonly index: number;
  /** The type by the catalog's name, such as `int4`, that of an array as SQL has it, such as `integer[]`; undefined where only the column or the rows have it. */
  readonly typeName: string | undefined;
};

/** What the text says about a parameter. */
export type ParameterHint = {
  /** From a cast or from the place where it stands (`LIMIT $1`); undefined where nothing is known. */
  readonly typeName: string | undefined;
  /** The column that it is compared with or assigned to. */
  readonly column: { readonly table: string | undefined; readonly column: string } | undefined;
};

/** A name in the statement that SQLite may not know, and where it stands (an index of UTF-16 units in the text). */
export type Reference = {
  readonly kind: 'relation' | 'column' | 'function';
  /** As SQLite would write it in a message: `t.a`. */
  readonly name: string;
  /** As PostgreSQL writes it in a message: `t.a`, `count(integer)`. */
  readonly shown: string;
  readonly offset: number;
};

/** What is to be done to tables for which SQLite has no statement. Texts are SQLite's. */
export type TableChange =
  | {
      readonly kind: 'add foreign key';
      readonly table: string;
      readonly name: string | undefined;
      readonly columns: readonly string[];
      readonly referenced: { readonly table: string; readonly columns: readonly string[] };
      /** What follows the columns: ` ON DELETE CASCADE DEFERRABLE`. */
      readonly rules: string;
      /** False for NOT VALID: the rows that are there are not looked at. */
      readonly valid: boolean;
    }
  | {
      readonly kind: 'add check';
      readonly table: string;
      readonly name: string | undefined;
      /** The name without one, if it is free. */
      readonly usualName: string;
      readonly condition: string;
      readonly valid: boolean;
    }
  | {
      readonly kind: 'add key';
      readonly table: string;
      readonly name: string | undefined;
      readonly columns: readonly string[];
      readonly primary: boolean;
    }
  | {
      readonly kind: 'add column';
      readonly table: string;
      readonly column: string;
      /** The whole column, but for UNIQUE. */
      readonly text: string;
      /** Its type alone. */
      readonly declared: string;
      /** What it is in the rows that are there. */
      readonly value: string;
      /** With the name of the key, if it is unique. */
      readonly unique: { readonly name: string | undefined } | undefined;
      readonly primary: boolean;
      readonly ifNotExists: boolean;
    }
  | {
      readonly kind: 'drop column';
      readonly table: string;
      readonly column: string;
      readonly ifExists: boolean;
    }
  | {
      readonly kind: 'drop constraint';
      readonly table: string;
      readonly name: string;
      readonly ifExists: boolean;
    }
  | {
      readonly kind: 'set default';
      readonly table: string;
      readonly column: string;
      /** Undefined for none. */
      readonly text: string | undefined;
    }
  | { readonly kind: 'set not null'; readonly table: string; readonly column: string }
  | {
      readonly kind: 'set type';
      readonly table: string;
      readonly column: string;
      readonly declared: string;
      /** What its values become, as an expression of the column. */
      readonly value: string;
      /** Whether the client has said what they become. */
      readonly using: boolean;
    }
  /** They are about to be dropped: foreign keys to them go, or are in the way. */
  | { readonly kind: 'free tables'; readonly tables: readonly string[]; readonly cascade: boolean }
  /** Tables or views have been dropped: views that read them go, or are in the way. */
  | {
      readonly kind: 'drop views of';
      readonly what: 'table' | 'view';
      readonly names: readonly string[];
      readonly cascade: boolean;
    };

/** The changes of one kind. */
export type TableChangeOf<Kind extends TableChange['kind']> = Extract<TableChange, { readonly kind: Kind }>;

/** A statement of SQLite, or what is done without one. */
export type Step = string | TableChange;

/** A statement in SQLite's syntax. */
export type Translation = {
  /** What is to run, in order. Several only for definitions, TRUNCATE and DROP of several things. Empty: nothing to do. */
  readonly sql: readonly string[];
  /** All that is to be done, in order, when {@link sql} is not all of it. */
  readonly steps: readonly Step[] | undefined;
  /** Hints for the columns of a result; those without any are left out. */
  readonly columns: readonly ColumnHint[];
  /** By number: `$1` is at index 0. Its length is the highest number that is used. */
  readonly parameters: readonly ParameterHint[];
  readonly references: readonly Reference[];
  /** FOR UPDATE, FOR SHARE: other writers have to wait from now on to the end of the transaction. */
  readonly lockRows: boolean;
  readonly notices: readonly ConditionalNotice[];
};

/** What PostgreSQL would send as a notice: `table "t" does not exist, skipping`, if it does not. */
export type ConditionalNotice = { readonly unlessRelation: string; readonly message: string };

/** A column of a relation, as it was declared. */
export type ColumnInfo = {
  readonly declaredType: string;
  readonly notNull: boolean;
  /** As it is written; null for none. */
  readonly defaultText: string | null;
};

/** What the database has, as far as a translation depends on it. */
export type Schema = {
  /** The columns of a table or view in order, names in lower case; undefined if there is no such relation. */
  columns(relation: string): ReadonlyMap<string, ColumnInfo> | undefined;
};
