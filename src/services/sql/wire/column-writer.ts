import type { ByteWriter } from './byte-writer.ts';
import { type FormatCode, oids, type PgType } from './types.ts';
import type { Value } from './value.ts';
import { binaryFormat } from './value-binary.ts';
import { textFormat } from './value-text.ts';

/** Writes a value that is not NULL, its length before it. */
export type ColumnWriter = (out: ByteWriter, value: Exclude<Value, null>) => void;

/** How the values of a column are written in a DataRow. */
export function columnWriter(type: PgType, format: FormatCode): ColumnWriter {
  if (format === 1) {
    const write = binaryFormat(type);
    return (out, value) => {
      const opened = out.open();
      write(out, value);
      out.close(opened, false);
    };
  }
  const text = textFormat(type);
  const wholeNumbers = type.oid === oids.int4 || type.oid === oids.int8 || type.oid === oids.int2;
  return (out, value) => {
    const opened = out.open();
    if (wholeNumbers && typeof value === 'number' && Number.isSafeInteger(value)) out.decimal(value);
    else out.text(text(value));
    out.close(opened, false);
  };
}
