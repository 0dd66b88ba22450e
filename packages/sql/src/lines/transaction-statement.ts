/** A statement that begins or ends a transaction or a part of one. */
export type TransactionStatement =
  | {
      readonly kind: 'begin' /** Whether it takes the right to write at once. */;
      readonly immediate: boolean;
    }
  | { readonly kind: 'commit' | 'rollback' }
  | { readonly kind: 'savepoint' | 'release' | 'rollback to'; readonly name: string };

const name = String.raw`("(?:[^"]|"")+"|[\w$\u0080-\uffff]+)`;
const forms: readonly (readonly [TransactionStatement['kind'], RegExp])[] = [
  ['begin', /^(?:begin(?: (?:deferred|(immediate|exclusive)))?(?: transaction)?|start transaction)$/i],
  ['commit', /^(?:commit|end)(?: transaction)?$/i],
  ['rollback', /^rollback(?: transaction)?$/i],
  ['rollback to', new RegExp(`^rollback(?: transaction)? to(?: savepoint)? ${name}$`, 'i')],
  ['savepoint', new RegExp(`^savepoint ${name}$`, 'i')],
  ['release', new RegExp(`^release(?: savepoint)? ${name}$`, 'i')],
];

/** What a statement of SQLite has to do with transactions; undefined for every other. */
export function transactionStatement(sql: string): TransactionStatement | undefined {
  if (!/^(?:[\s-]|\/\*|begin|start|commit|end|rollback|savepoint|release)/i.test(sql)) return undefined;
  const bare = sql
    .replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/[\s;]+$/, '')
    .trim();
  for (const [kind, form] of forms) {
    const found = form.exec(bare);
    if (found === null) continue;
    if (kind === 'begin') return { kind, immediate: found[1] !== undefined };
    return kind === 'commit' || kind === 'rollback' ? { kind } : { kind, name: unquoted(found[1] as string) };
  }
  return undefined;
}

function unquoted(written: string): string {
  return written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written;
}
