const numbers = ['int2', 'int4', 'int8', 'numeric', 'float4', 'float8'];

/**
 * The type that values of several types have together, in CASE, COALESCE, VALUES and UNION: of numbers the widest, of
 * others that of the first that has one, `text` where there are only literals; undefined where one is not known.
 */
export function commonType(types: readonly (string | undefined)[]): string | undefined {
  if (types.includes(undefined)) return undefined;
  const known = types.filter((type) => type !== undefined && type !== 'unknown') as string[];
  if (known.length === 0) return 'text';
  if (!known.every((type) => numbers.includes(type))) return known[0];
  return numbers[Math.max(...known.map((type) => numbers.indexOf(type)))];
}
