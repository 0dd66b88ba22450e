/** Longer statements are hardly sent again with other numbers. */
const LONGEST = 1_000;

/** Anything in which a number may not be a number, or that makes the order of `$1` matter. */
const unsafe = /['"$\\]|--|\/\*/;
const query = /^\s*select\b/i;
const number = /((?:[=<>]|\bbetween\b|\band\b)\s*)(\d{1,18})(?![\w.])/gi;

/**
 * A query with its compared numbers taken out: `… WHERE id = 17` becomes `… WHERE id = $1` and 17. Programs that put numbers
 * into the text of their queries send the same few texts then. Undefined when there is nothing to take out.
 */
export function liftLiterals(
  source: string,
): { readonly template: string; readonly values: readonly bigint[] } | undefined {
  if (source.length > LONGEST || !query.test(source) || unsafe.test(source)) return undefined;
  const values: bigint[] = [];
  const template = source.replace(number, (_, before: string, digits: string) => {
    values.push(BigInt(digits));
    return `${before}$${values.length}`;
  });
  return values.length === 0 ? undefined : { template, values };
}
