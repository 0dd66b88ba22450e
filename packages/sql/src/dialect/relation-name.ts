import type { Translator } from './translator.ts';

/** `[database.][schema.]name`, without writing it: there is one schema. */
export function relationName(translator: Translator): string {
  const token = translator.peek();
  let name = translator.name();
  let schema: string | undefined;
  while (translator.acceptSymbol('.')) {
    schema = name;
    name = translator.name();
  }
  if (schema !== undefined && schema !== 'public' && schema !== 'pg_temp' && schema !== 'main') {
    throw translator.unsupported(`schema "${schema}"`, token, 'There is one schema, public.');
  }
  return name;
}

/** `(a, b)`, without writing it. */
export function nameList(translator: Translator): string[] {
  const names: string[] = [];
  translator.expectSymbol('(');
  do names.push(translator.name());
  while (translator.acceptSymbol(','));
  translator.expectSymbol(')');
  return names;
}
