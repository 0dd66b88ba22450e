/** PostgreSQL's way of writing a number that is shortest and reads back as itself (`extra_float_digits` of 1 and more). */
export function formatFloat8(value: number): string {
  // Between these the engine and PostgreSQL write the same.
  if (value === Math.trunc(value) && value < 1e15 && value > -1e15 && value !== 0) return String(value);
  return layOut(value, 15, () => value.toExponential());
}

/** The same of a number that is kept in 4 bytes. */
export function formatFloat4(value: number): string {
  const single = Math.fround(value);
  return layOut(single, 6, () => {
    // 9 digits are always enough.
    for (let digits = 0; ; digits++) {
      const text = single.toExponential(digits);
      if (Math.fround(Number(text)) === single) return text;
    }
  });
}

/** Digits with a point where the exponent is from -4 to before `longest`; else with an exponent of two digits or more. */
function layOut(value: number, longest: number, exponential: () => string): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return 'Infinity';
  if (value === Number.NEGATIVE_INFINITY) return '-Infinity';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', power] = exponential().split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= longest) {
    const digits = String(Math.abs(exponent)).padStart(2, '0');
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`;
  }
  const sign = value < 0 ? '-' : '';
  const digits = mantissa.replace('-', '').replace('.', '');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return fraction === '' ? sign + whole : `${sign}${whole}.${fraction}`;
}

/** Reads a number as PostgreSQL does; undefined when it is none. */
export function parseFloatText(text: string): number | undefined {
  const trimmed = text.trim();
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return Number(trimmed);
  const word = /^([+-]?)(nan|inf|infinity)$/i.exec(trimmed);
  if (word === null) return undefined;
  if (word[2]?.toLowerCase() === 'nan') return Number.NaN;
  return word[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
