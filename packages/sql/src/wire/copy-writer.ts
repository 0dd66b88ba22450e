import type { CopyFormat } from './copy-format.ts';

/** Makes lines of COPY … TO, each with its ending, out of values as text. */
export function copyLines(format: CopyFormat): (fields: readonly (string | null)[]) => string {
  const { delimiter } = format;
  const write = format.csv ? csvField(format) : textField(format);
  return (fields) => `${fields.map(write).join(delimiter)}\n`;
}

type WriteField = (value: string | null, column: number) => string;

const escapes: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

function textField({ delimiter, null: nothing }: CopyFormat): WriteField {
  const plain = /^[^\\\b\f\n\r\t\v]*$/;
  return (value) => {
    if (value === null) return nothing;
    if (plain.test(value) && !value.includes(delimiter)) return value;
    return value.replace(/[\s\S]/g, (char) => escapes[char] ?? (char === delimiter ? `\\${char}` : char));
  };
}

function csvField(format: CopyFormat): WriteField {
  const { delimiter, null: nothing, quote, escape: mark, forceQuote, columns } = format;
  const needsQuotes = (value: string) =>
    value === nothing || value.includes(delimiter) || value.includes(quote) || /[\n\r]/.test(value);
  return (value, column) => {
    if (value === null) return nothing;
    // Alone on its line this would be the end of the data.
    const end = columns.length === 1 && value === '\\.';
    if (forceQuote[column] !== true && !end && !needsQuotes(value)) return value;
    const escaped = value.replace(/[\s\S]/g, (char) =>
      char === quote || char === mark ? mark + char : char,
    );
    return quote + escaped + quote;
  };
}

/** The line of names that HEADER asks for. */
export function copyHeader(format: CopyFormat): string {
  return copyLines({ ...format, forceQuote: [] })(format.columns);
}
