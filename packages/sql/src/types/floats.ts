/**
 * PostgreSQL's way of writing a number that is shortest and reads back as itself (`extra_float_digits` of 1 and more): the
 * text lies strictly between the midpoints to the number's neighbours, where JavaScript also takes the midpoint.
 */
export function formatFloat8(value: number): string {
  const size = Math.abs(value);
  // Between these both write the same.
  if (size >= 1e-4 && size < 1e15) return String(value);
  return layOut(value, 15, () => {
    const shortest = value.toExponential();
    return size < 2 ** 53 ? shortest : strictly(value, shortest);
  });
}

/** Only numbers above 2^53 have midpoints of few digits. */
function strictly(value: number, shortest: string): string {
  const size = BigInt(Math.abs(value));
  const half = BigInt(2 ** (Math.floor(Math.log2(Math.abs(value))) - 53));
  for (let text = shortest, digits = shortest.replace(/e.*|\D/g, '').length; ; digits++) {
    const distance = wholeOf(text) - size;
    if (distance < half && -distance < half) return text;
    text = value.toExponential(digits);
  }
}

/** The size of a whole number in exponential notation. */
function wholeOf(text: string): bigint {
  const [mantissa = '', exponent = '0'] = text.replace('-', '').split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return BigInt(whole + fraction.padEnd(Number(exponent), '0'));
}

/** The same of a number that is kept in 4 bytes. */
export function formatFloat4(value: number): string {
  const single = Math.fround(value);
  return layOut(single, 6, () => {
    const size = Math.abs(single);
    const [below, above] = midpoints(size);
    // 9 digits are always enough.
    for (let digits = 0; ; digits++) {
      const text = halfToEven(size, digits);
      if (Number(text) > below && Number(text) < above) return single < 0 ? `-${text}` : text;
    }
  });
}

const bits = new DataView(new ArrayBuffer(4));

/** The numbers in the middle between a positive number of 4 bytes and its neighbours, exact in 8. */
function midpoints(single: number): [below: number, above: number] {
  bits.setFloat32(0, single);
  const number = bits.getInt32(0);
  const neighbour = (step: number): number => {
    bits.setInt32(0, number + step);
    const next = bits.getFloat32(0);
    return next === Number.POSITIVE_INFINITY ? 2 ** 128 : next;
  };
  return [(neighbour(-1) + single) / 2, (single + neighbour(1)) / 2];
}

/** Rounded to `digits` behind the point; what lies in the middle to an even digit, where JavaScript takes the larger. */
function halfToEven(size: number, digits: number): string {
  const text = size.toExponential(digits);
  const last = Number(text.split('e')[0]?.at(-1));
  const inTheMiddle =
    last % 2 === 1 &&
    /^50*$/.test(
      size
        .toExponential(100)
        .split('e')[0]
        ?.replace('.', '')
        .slice(digits + 1) ?? '',
    );
  return inTheMiddle ? text.replace(/\d(?=e)/, String(last - 1)) : text;
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
