import { type Token, tokenize } from './tokens.ts';

/** One statement of a text that may have several. */
export type Statement = {
  /** The whole text, in which the tokens' places count. */
  readonly source: string;
  /** Without the semicolon. */
  readonly tokens: readonly Token[];
};

/**
 * The statements of a text, in order; empty ones are left out.
 * @throws SqlError 42601 for what is begun and never ended
 */
export function splitStatements(source: string): Statement[] {
  const tokens = tokenize(source);
  const statements: Statement[] = [];
  let from = 0;
  for (let at = 0; at <= tokens.length; at++) {
    const token = tokens[at];
    if (token !== undefined && !isSemicolon(token)) continue;
    if (token !== undefined && createsTrigger(tokens, from) && !endsTrigger(tokens, at)) continue;
    if (at > from) statements.push({ source, tokens: tokens.slice(from, at) });
    from = at + 1;
  }
  return statements;
}

/** The text of a statement, from its first token to its last. */
export function statementText({ source, tokens }: Statement): string {
  const first = tokens[0];
  const last = tokens.at(-1);
  return first === undefined || last === undefined ? '' : source.slice(first.start, last.end);
}

function isSemicolon(token: Token): boolean {
  return token.kind === 'punctuation' && token.value === ';';
}

/** The body of a trigger of SQLite has statements of its own, each with a semicolon, and `END` after the last. */
function createsTrigger(tokens: readonly Token[], from: number): boolean {
  if (tokens[from]?.value !== 'create') return false;
  const next = tokens[from + 1]?.value;
  return (next === 'temp' || next === 'temporary' ? tokens[from + 2]?.value : next) === 'trigger';
}

function endsTrigger(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 2];
  return tokens[at - 1]?.value === 'end' && before !== undefined && isSemicolon(before);
}
