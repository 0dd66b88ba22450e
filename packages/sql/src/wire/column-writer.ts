import type { Value } from '../types/pg-type.ts';
import { type FormatCode, oids, type PgType } from '../types/pg-type.ts';
import { plainText, textFormat } from '../types/value-text.ts';
import type { ByteWriter } from './byte-writer.ts';
import { binaryFormat } from './value-binary.ts';

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
  if (type.oid === oids.int4 || type.oid === oids.int8 || type.oid === oids.int2) {
    return (out, value) => {
      const number = typeof value === 'bigint' ? Number(value) : value;
      if (Number.isSafeInteger(number)) out.sizedDecimal(number as number);
      else out.sizedText(text(value));
    };
  }
  if (text === plainText)
    return (out, value) => out.sizedText(typeof value === 'string' ? value : text(value));
  return (out, value) => out.sizedText(text(value));
}
