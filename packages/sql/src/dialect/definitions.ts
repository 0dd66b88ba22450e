import { alterTable } from './alter-table.ts';
import { createIndex } from './create-index.ts';
import { createTable } from './create-table.ts';
import { quoteName } from './keywords.ts';
import { relationName } from './relation-name.ts';
import { newScope } from './scope.ts';
import type { Step } from './translation.ts';
import type { Translator } from './translator.ts';

/** CREATE, ALTER, DROP, TRUNCATE, COMMENT: the statements of SQLite that do the same, in order. */
export function definition(translator: Translator): Step[] {
  translator.scope = newScope(undefined);
  const verb = translator.word();
  if (verb === 'create') return create(translator);
  if (verb === 'drop') return drop(translator);
  if (verb === 'truncate') return truncate(translator);
  // Comments are not kept.
  if (verb === 'comment') return [];
  translator.next();
  if (translator.accept('table')) return alterTable(translator);
  const what = translator.word()?.toUpperCase() ?? '';
  throw translator.unsupported(`ALTER ${what}`, translator.peek(-1));
}

/** Extensions whose functions are built in here. */
const builtIn = new Set(['plpgsql', 'uuid-ossp', 'pgcrypto']);

function create(translator: Translator): string[] {
  const start = translator.next();
  const replace = translator.accept('or', 'replace');
  if (!translator.accept('global')) translator.accept('local');
  const temporary = translator.accept('temp') || translator.accept('temporary');
  translator.accept('unlogged');
  if (translator.accept('table')) return createTable(translator, temporary);
  if (translator.accept('view')) return createView(translator, { replace, temporary });
  const unique = translator.accept('unique');
  if (translator.accept('index')) return createIndex(translator, unique);
  if (translator.isWord('trigger') || translator.isWord('virtual')) return [native(translator)];
  if (translator.accept('extension')) {
    translator.accept('if', 'not', 'exists');
    const token = translator.peek();
    const name = translator.name();
    if (builtIn.has(name)) return [];
    throw translator.unsupported(`extension "${name}"`, token);
  }
  if (translator.accept('schema')) {
    const ifNotExists = translator.accept('if', 'not', 'exists');
    if (ifNotExists && translator.isWord('public')) return [];
    throw translator.unsupported('CREATE SCHEMA', start, 'There is one schema, public.');
  }
  const what = translator.word()?.toUpperCase() ?? '';
  throw translator.unsupported(`CREATE ${what}`, start);
}

/** Triggers and virtual tables are SQLite's own, and in its syntax. */
function native(translator: Translator): string {
  if (
    translator.tokens.some(
      (token, index) => token.value === 'execute' && translator.tokens[index + 1]?.value === 'function',
    )
  ) {
    throw translator.unsupported(
      'CREATE TRIGGER ... EXECUTE FUNCTION',
      translator.tokens[0],
      "A trigger's body is SQLite's: BEGIN … END.",
    );
  }
  const text = translator.text(0);
  translator.at = translator.tokens.length;
  return text;
}

function createView(
  translator: Translator,
  { replace, temporary }: { readonly replace: boolean; readonly temporary: boolean },
): string[] {
  const ifNotExists = translator.accept('if', 'not', 'exists');
  const name = relationName(translator);
  translator.put(
    `CREATE ${temporary ? 'TEMP ' : ''}VIEW ${ifNotExists ? 'IF NOT EXISTS ' : ''}${quoteName(name)}`,
  );
  if (translator.acceptSymbol('(')) {
    const names: string[] = [];
    do names.push(translator.name());
    while (translator.acceptSymbol(','));
    translator.expectSymbol(')');
    translator.put(` (${names.map(quoteName).join(', ')})`);
  }
  if (translator.isWord('with') && translator.is('(', 1)) {
    translator.next();
    translator.skipParentheses();
  }
  translator.copyWords('as');
  translator.query();
  if (translator.isWord('with')) throw translator.unsupported('WITH CHECK OPTION');
  translator.expectEnd();
  const sql = translator.output.trim();
  return replace ? [`DROP VIEW IF EXISTS ${quoteName(name)}`, sql] : [sql];
}

/** SQLite drops one thing at a time. */
function drop(translator: Translator): Step[] {
  const start = translator.next();
  const kind = translator.next().value;
  if (kind === 'trigger' && !translator.tokens.some(({ value }) => value === 'on'))
    return [native(translator)];
  if (kind !== 'table' && kind !== 'view' && kind !== 'index') return dropOther(translator, kind, start);
  if (kind === 'index') translator.accept('concurrently');
  const ifExists = translator.accept('if', 'exists');
  const names: string[] = [];
  do {
    const token = translator.peek();
    const name = relationName(translator);
    names.push(name);
    translator.refer('relation', name, name, token);
    if (ifExists) {
      translator.notices.push({
        unlessRelation: name,
        message: `${kind} "${name}" does not exist, skipping`,
      });
    }
  } while (translator.acceptSymbol(','));
  const cascade = translator.accept('cascade');
  if (!cascade) translator.accept('restrict');
  translator.expectEnd();
  const free: Step[] = kind === 'table' ? [{ kind: 'free tables', tables: names, cascade }] : [];
  const drops = names.map(
    (name) => `DROP ${kind.toUpperCase()} ${ifExists ? 'IF EXISTS ' : ''}${quoteName(name)}`,
  );
  const views: Step[] = kind === 'index' ? [] : [{ kind: 'drop views of', what: kind, names, cascade }];
  return [...free, ...drops, ...views];
}

/** There are no other kinds of things, so IF EXISTS has nothing to do. */
function dropOther(translator: Translator, kind: string, start: ReturnType<Translator['next']>): string[] {
  if (kind === 'trigger') {
    const ifExists = translator.accept('if', 'exists');
    const name = relationName(translator);
    translator.expect('on');
    relationName(translator);
    if (!translator.accept('cascade')) translator.accept('restrict');
    translator.expectEnd();
    return [`DROP TRIGGER ${ifExists ? 'IF EXISTS ' : ''}${quoteName(name)}`];
  }
  while (!translator.atEnd && !translator.isWord('if') && translator.word(1) !== undefined) translator.next();
  if (translator.accept('if', 'exists')) {
    translator.at = translator.tokens.length;
    return [];
  }
  throw translator.unsupported(`DROP ${kind.toUpperCase()}`, start);
}

/** TRUNCATE a, b: numbering begins anew by itself when a table is empty. */
function truncate(translator: Translator): string[] {
  translator.next();
  translator.accept('table');
  const names: string[] = [];
  do {
    translator.accept('only');
    const token = translator.peek();
    const name = relationName(translator);
    names.push(name);
    translator.refer('relation', name, name, token);
    translator.acceptSymbol('*');
  } while (translator.acceptSymbol(','));
  if (!translator.accept('restart', 'identity')) translator.accept('continue', 'identity');
  if (!translator.accept('cascade')) translator.accept('restrict');
  translator.expectEnd();
  return names.map((name) => `DELETE FROM ${quoteName(name)}`);
}
