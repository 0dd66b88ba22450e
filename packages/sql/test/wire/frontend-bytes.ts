/** What a frontend sends, as bytes. */
export const frontend = {
  startup(
    parameters: Record<string, string> = { user: 'ana', database: 'quakes' },
    version = 196_608,
  ): Buffer {
    const pairs = Object.entries(parameters).map(([name, value]) => `${name}\0${value}\0`);
    return packet(int32(version), Buffer.from(`${pairs.join('')}\0`));
  },
  sslRequest: () => packet(int32(80_877_103)),
  gssencRequest: () => packet(int32(80_877_104)),
  cancelRequest: (processId: number, key: number) => packet(int32(80_877_102), int32(processId), int32(key)),
  query: (sql: string) => message('Q', text(sql)),
  parse: (statement: string, sql: string, types: number[] = []) =>
    message('P', text(statement), text(sql), int16(types.length), ...types.map(int32)),
  bind(
    portal: string,
    statement: string,
    parameters: (string | Buffer | null)[] = [],
    { formats = [], results = [] }: { formats?: number[]; results?: number[] } = {},
  ): Buffer {
    const values = parameters.map((value) =>
      value === null ? int32(-1) : Buffer.concat([int32(Buffer.byteLength(value)), Buffer.from(value)]),
    );
    return message(
      'B',
      text(portal),
      text(statement),
      list(formats),
      int16(values.length),
      ...values,
      list(results),
    );
  },
  describe: (kind: 'S' | 'P', name = '') => message('D', Buffer.from(kind), text(name)),
  execute: (portal = '', rows = 0) => message('E', text(portal), int32(rows)),
  close: (kind: 'S' | 'P', name = '') => message('C', Buffer.from(kind), text(name)),
  flush: () => message('H'),
  sync: () => message('S'),
  terminate: () => message('X'),
  copyData: (data: string | Buffer) => message('d', Buffer.from(data)),
  copyDone: () => message('c'),
  copyFail: (why: string) => message('f', text(why)),
  password: (body: string | Buffer) => message('p', Buffer.from(body)),
  functionCall: (id: number, parameters: string[]) =>
    message(
      'F',
      int32(id),
      int16(0),
      int16(parameters.length),
      ...parameters.flatMap((value) => [int32(Buffer.byteLength(value)), Buffer.from(value)]),
      int16(0),
    ),
};

/** A message of any type and body. */
export function message(type: string, ...body: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(type), packet(...body)]);
}

/** Bytes with their length, which counts itself, before them. */
export function packet(...body: Buffer[]): Buffer {
  const bytes = Buffer.concat(body);
  return Buffer.concat([int32(bytes.length + 4), bytes]);
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

function list(values: number[]): Buffer {
  return Buffer.concat([int16(values.length), ...values.map(int16)]);
}
