import type { FormatCode, PgType, Value } from '../types/pg-type.ts';
import { ByteWriter } from './byte-writer.ts';
import { type ColumnWriter, columnWriter } from './column-writer.ts';
import type { ErrorReport } from './error-report.ts';
import { writeReport } from './error-report.ts';

/** A column of a RowDescription. */
export type ColumnDescription = {
  readonly name: string;
  readonly type: PgType;
  /** The object identifier of its table; 0 when it is no column of a table. Default 0. */
  readonly tableId?: number;
  /** Its place in the table, from 1. Default 0. */
  readonly place?: number;
};

/** What a transaction block is in: `I` none, `T` one, `E` one that has failed. */
export type TransactionStatus = 'I' | 'T' | 'E';

/** How the columns of a row are written: one function a column. */
export type RowWriter = readonly ColumnWriter[];

/** Writes the rows of columns of these types; `formats` as in Bind: none, one for all, or one a column. */
export function rowWriter(types: readonly PgType[], formats: readonly FormatCode[] = []): RowWriter {
  return types.map((type, i) => columnWriter(type, formatOf(formats, i)));
}

function formatOf(formats: readonly FormatCode[], i: number): FormatCode {
  return (formats.length === 1 ? formats[0] : formats[i]) ?? 0;
}

/** Collects the messages of the backend (PostgreSQL, "Message Formats") into one run of bytes. */
export class ReplyWriter {
  readonly #out = new ByteWriter();

  /** How many bytes wait to be taken. */
  get length(): number {
    return this.#out.length;
  }

  /** All messages since the last time, in one piece that belongs to the caller. */
  take(): Buffer {
    return this.#out.take();
  }

  /** The answer to SSLRequest and GSSENCRequest: no. */
  refuseEncryption(): void {
    this.#out.byte(code('N'));
  }

  authenticationOk(): void {
    this.#authentication(0);
  }

  authenticationCleartextPassword(): void {
    this.#authentication(3);
  }

  authenticationSasl(mechanisms: readonly string[]): void {
    this.#authentication(10, () => {
      for (const mechanism of mechanisms) this.#out.string(mechanism);
      this.#out.byte(0);
    });
  }

  authenticationSaslContinue(data: string): void {
    this.#authentication(11, () => this.#out.text(data));
  }

  authenticationSaslFinal(data: string): void {
    this.#authentication(12, () => this.#out.text(data));
  }

  /** Reports the newest minor version of protocol 3 that is supported, and the extensions that are not. */
  negotiateProtocolVersion(minor: number, unsupported: readonly string[]): void {
    const opened = this.#begin('v');
    this.#out.int32((3 << 16) | minor);
    this.#out.int32(unsupported.length);
    for (const name of unsupported) this.#out.string(name);
    this.#out.close(opened, true);
  }

  parameterStatus(name: string, value: string): void {
    const opened = this.#begin('S');
    this.#out.string(name);
    this.#out.string(value);
    this.#out.close(opened, true);
  }

  backendKeyData(processId: number, secretKey: number): void {
    const opened = this.#begin('K');
    this.#out.int32(processId);
    this.#out.int32(secretKey);
    this.#out.close(opened, true);
  }

  readyForQuery(status: TransactionStatus): void {
    this.#out.byte(code('Z'));
    this.#out.int32(5);
    this.#out.byte(code(status));
  }

  rowDescription(columns: readonly ColumnDescription[], formats: readonly FormatCode[] = []): void {
    const out = this.#out;
    const opened = this.#begin('T');
    out.int16(columns.length);
    for (const [i, { name, type, tableId = 0, place = 0 }] of columns.entries()) {
      out.string(name);
      out.int32(tableId);
      out.int16(place);
      out.int32(type.oid);
      out.int16(type.size);
      out.int32(type.typmod);
      out.int16(formatOf(formats, i));
    }
    out.close(opened, true);
  }

  /** @throws SqlError when a value has no form in its column's type: nothing of the row is written then */
  dataRow(row: readonly Value[], columns: RowWriter): void {
    const out = this.#out;
    const began = out.length;
    const opened = this.#begin('D');
    out.int16(columns.length);
    try {
      for (let i = 0; i < columns.length; i++) {
        const value = row[i];
        if (value === null || value === undefined) out.int32(-1);
        else (columns[i] as ColumnWriter)(out, value);
      }
    } catch (error) {
      out.truncate(began);
      throw error;
    }
    out.close(opened, true);
  }

  /** @param tag such as `SELECT 5`, `INSERT 0 1`, `BEGIN` */
  commandComplete(tag: string): void {
    const opened = this.#begin('C');
    this.#out.string(tag);
    this.#out.close(opened, true);
  }

  emptyQueryResponse(): void {
    this.#empty('I');
  }

  parseComplete(): void {
    this.#empty('1');
  }

  bindComplete(): void {
    this.#empty('2');
  }

  closeComplete(): void {
    this.#empty('3');
  }

  noData(): void {
    this.#empty('n');
  }

  portalSuspended(): void {
    this.#empty('s');
  }

  /** @param types the object identifiers of the parameters' types */
  parameterDescription(types: readonly number[]): void {
    const opened = this.#begin('t');
    this.#out.int16(types.length);
    for (const oid of types) this.#out.int32(oid);
    this.#out.close(opened, true);
  }

  /** COPY … FROM STDIN begins, in text. */
  copyInResponse(columns: number): void {
    this.#copyResponse('G', columns);
  }

  /** COPY … TO STDOUT begins, in text. */
  copyOutResponse(columns: number): void {
    this.#copyResponse('H', columns);
  }

  /** One line of COPY, its ending included. */
  copyData(line: string): void {
    const opened = this.#begin('d');
    this.#out.text(line);
    this.#out.close(opened, true);
  }

  copyDone(): void {
    this.#empty('c');
  }

  error(report: ErrorReport): void {
    this.#report('E', report);
  }

  notice(report: ErrorReport): void {
    this.#report('N', report);
  }

  #report(type: string, report: ErrorReport): void {
    const opened = this.#begin(type);
    writeReport(this.#out, report);
    this.#out.close(opened, true);
  }

  #copyResponse(type: string, columns: number): void {
    const opened = this.#begin(type);
    this.#out.byte(0);
    this.#out.int16(columns);
    for (let i = 0; i < columns; i++) this.#out.int16(0);
    this.#out.close(opened, true);
  }

  #authentication(kind: number, data?: () => void): void {
    const opened = this.#begin('R');
    this.#out.int32(kind);
    data?.();
    this.#out.close(opened, true);
  }

  #empty(type: string): void {
    this.#out.byte(code(type));
    this.#out.int32(4);
  }

  #begin(type: string): number {
    this.#out.byte(code(type));
    return this.#out.open();
  }
}

function code(type: string): number {
  return type.charCodeAt(0);
}
