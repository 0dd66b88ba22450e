import assert from 'node:assert/strict';
import { test } from 'node:test';
import { framesOf } from '@zocalo/test-support/frames-of.ts';
import { everySplit } from '@zocalo/test-support/pieces.ts';
import { FrameError } from 'zocalo';
import type { FrontendMessage } from '../../src/wire/frontend.ts';
import { type FrontendFramingOptions, frontendFraming } from '../../src/wire/frontend-framing.ts';
import { frontend, int16, int32, message, packet } from './frontend-bytes.ts';

/** Messages as plain data, which can be compared and kept. */
function plain(frame: FrontendMessage): unknown {
  if (!('parameters' in frame))
    return 'body' in frame ? { ...frame, body: String(frame.body) } : dataOf(frame);
  if (frame.parameters instanceof Map) return { ...frame, parameters: Object.fromEntries(frame.parameters) };
  const { parameters, ...rest } = frame as Extract<FrontendMessage, { type: 'bind' }>;
  const values = Array.from({ length: parameters.length }, (_, i) =>
    parameters.isNull(i) ? null : `${parameters.format(i)}:${parameters.bytes(i)}`,
  );
  return { ...rest, parameters: values };
}

function dataOf(frame: FrontendMessage): unknown {
  return frame.type === 'copy-data' ? { ...frame, data: String(frame.data) } : frame;
}

const talk: [Buffer, unknown][] = [
  [frontend.sslRequest(), { type: 'ssl-request' }],
  [frontend.gssencRequest(), { type: 'gssenc-request' }],
  [
    frontend.startup({ user: 'ana', '_pq_.x': '1' }, 196_610),
    { type: 'startup', minor: 2, parameters: { user: 'ana' }, extensions: ['_pq_.x'] },
  ],
  [frontend.query('sélect 1'), { type: 'query', sql: 'sélect 1' }],
  [
    frontend.parse('s', 'select $1, $2', [23, 0]),
    { type: 'parse', statement: 's', sql: 'select $1, $2', parameterTypes: [23, 0] },
  ],
  [
    frontend.bind('p', 's', ['7', null, Buffer.from('x')], { formats: [0, 0, 1], results: [1] }),
    { type: 'bind', portal: 'p', statement: 's', resultFormats: [1], parameters: ['0:7', null, '1:x'] },
  ],
  [
    frontend.bind('', '', ['a', 'b'], { formats: [1] }),
    { type: 'bind', portal: '', statement: '', resultFormats: [], parameters: ['1:a', '1:b'] },
  ],
  [frontend.describe('S', 's'), { type: 'describe', target: 'statement', name: 's' }],
  [frontend.describe('P'), { type: 'describe', target: 'portal', name: '' }],
  [frontend.execute(), { type: 'execute', portal: '', maxRows: 0 }],
  [frontend.execute('p', 9), { type: 'execute', portal: 'p', maxRows: 9 }],
  [frontend.execute('p', -1), { type: 'execute', portal: 'p', maxRows: 0 }],
  [frontend.close('P', 'p'), { type: 'close', target: 'portal', name: 'p' }],
  [frontend.flush(), { type: 'flush' }],
  [frontend.sync(), { type: 'sync' }],
  [frontend.copyData('a\tb\n'), { type: 'copy-data', data: 'a\tb\n' }],
  [frontend.copyDone(), { type: 'copy-done' }],
  [frontend.copyFail('no'), { type: 'copy-fail', message: 'no' }],
  [frontend.password('secret\0'), { type: 'password', body: 'secret\0' }],
  [
    frontend.functionCall(7, ['x']),
    { type: 'function-call', functionId: 7, resultFormat: 0, parameters: ['0:x'] },
  ],
  [frontend.terminate(), { type: 'terminate' }],
];
const bytes = Buffer.concat(talk.map(([each]) => each));
const frames = talk.map(([, frame]) => frame);

function read(pieces: readonly Buffer[], options?: FrontendFramingOptions) {
  const { frames, error } = framesOf(frontendFraming(options), pieces);
  return { frames: frames.map(plain), error };
}

test('every message of a frontend is read, at every split into one and two pieces, and byte by byte', () => {
  const splits = [
    ...everySplit(bytes, 1),
    ...everySplit(bytes, 2),
    Array.from(bytes, (byte) => Buffer.from([byte])),
  ];
  for (const pieces of splits) assert.deepEqual(read(pieces), { frames, error: undefined });
});

test('a pipelined statement is read at every split into three pieces', () => {
  const sent = [frontend.startup(), frontend.bind('', 's', ['1']), frontend.execute(), frontend.sync()];
  const whole = read(sent).frames;
  assert.equal(whole.length, 4);
  for (const pieces of everySplit(Buffer.concat(sent), 3)) assert.deepEqual(read(pieces).frames, whole);
});

test('a cancel request names the conversation and its key, which may be negative', () => {
  const { frames } = read([frontend.cancelRequest(42, -7)]);
  assert.deepEqual(frames, [{ type: 'cancel-request', processId: 42, secretKey: -7 }]);
});

test('messages keep their bytes while others follow in the same memory', () => {
  const held = Buffer.concat([
    frontend.startup(),
    frontend.bind('', '', ['first']),
    frontend.copyData('second'),
  ]);
  const { frames } = framesOf(frontendFraming(), [held]);
  held.fill(0);
  assert.deepEqual(frames.slice(1).map(plain), [
    { type: 'bind', portal: '', statement: '', resultFormats: [], parameters: ['0:first'] },
    { type: 'copy-data', data: 'second' },
  ]);
});

const broken: [name: string, bytes: Buffer, message: RegExp, options?: FrontendFramingOptions][] = [
  [
    'HTTP',
    Buffer.from('GET / HTTP/1.1\r\n'),
    /invalid length of startup packet: 1195725856 bytes, at most 10000/,
  ],
  ['a start-up of 7 bytes', int32(7), /invalid length of startup packet: 7 bytes/],
  ['a start-up of 10,001 bytes', int32(10_001), /at most 10000/],
  [
    'protocol 2',
    packet(int32(131_072), Buffer.alloc(8)),
    /unsupported frontend protocol 2\.0: server supports 3\.0/,
  ],
  [
    'a start-up without its end',
    packet(int32(196_608), Buffer.from('user\0a\0')),
    /expected terminator as last byte/,
  ],
  [
    'a start-up that goes on',
    packet(int32(196_608), Buffer.from('user\0a\0\0x')),
    /expected terminator as last byte/,
  ],
  [
    'a start-up that is not UTF-8',
    packet(int32(196_608), Buffer.from('user\0\xff\0\0', 'latin1')),
    /startup packet/,
  ],
  ['a second SSLRequest', Buffer.concat([frontend.sslRequest(), frontend.sslRequest()]), /asked for twice/],
  ['a short cancel request', packet(int32(80_877_102), int32(1)), /invalid length of cancel request/],
  ['an unknown type', after(Buffer.from('!')), /invalid frontend message type 33/],
  [
    'a length of 3',
    after(Buffer.from('Q'), int32(3)),
    /invalid message length: 3 bytes for a message of type Q/,
  ],
  ['a negative length', after(Buffer.from('Q'), int32(-1)), /invalid message length: 4294967295 bytes/],
  ['a Sync of 10,001 bytes', after(Buffer.from('S'), int32(10_001)), /at most 10000/],
  ['a Query over the limit', after(Buffer.from('Q'), int32(70_001)), /at most 70000/, { maxMessage: 70_000 }],
  [
    'a Query before a password',
    after(frontend.query('x')),
    /expected password response, got message type 81/,
    { passwordMessages: 1 },
  ],
  [
    'a password of 65,536 bytes',
    after(Buffer.from('p'), int32(65_536)),
    /at most 65535/,
    { passwordMessages: 1 },
  ],
];

function after(...bytes: Buffer[]): Buffer {
  return Buffer.concat([frontend.startup(), ...bytes]);
}

for (const [name, sent, message, options] of broken) {
  test(`${name} ends the conversation with an error`, () => {
    for (const pieces of [[sent], Array.from(sent, (byte) => Buffer.from([byte]))]) {
      const { error } = framesOf(frontendFraming(options), pieces);
      assert.ok(error instanceof FrameError);
      assert.match(error.message, message);
    }
  });
}

const invalid: [name: string, bytes: Buffer, sqlstate: string, message: RegExp, extended: boolean][] = [
  [
    'text that is not UTF-8',
    message('Q', Buffer.from('\xe9\0', 'latin1')),
    '22021',
    /invalid byte sequence/,
    false,
  ],
  ['a Query without its end', message('Q', Buffer.from('x')), '08P01', /invalid string/, false],
  ['a Query that goes on', message('Q', Buffer.from('x\0y\0')), '08P01', /invalid string/, false],
  ['a Sync with a body', message('S', int32(0)), '08P01', /invalid message format/, false],
  [
    'a Parse that ends early',
    message('P', Buffer.from('\0x\0'), int16(1)),
    '08P01',
    /insufficient data/,
    true,
  ],
  [
    'a Parse that ends in the middle of a number',
    message('P', Buffer.from('\0x\0\0')),
    '08P01',
    /insufficient data/,
    true,
  ],
  [
    'a Parse that goes on',
    message('P', Buffer.from('\0x\0'), int16(0), int16(0)),
    '08P01',
    /message format/,
    true,
  ],
  [
    'a Describe of nothing',
    message('D', Buffer.from('X\0')),
    '08P01',
    /invalid DESCRIBE message subtype 88/,
    true,
  ],
  ['a Close of nothing', message('C', Buffer.from('\0\0')), '08P01', /invalid CLOSE message subtype 0/, true],
  ['an Execute without a limit', message('E', Buffer.from('\0')), '08P01', /insufficient data/, true],
  [
    'a Bind in an unknown format',
    frontend.bind('', '', ['x'], { formats: [2] }),
    '22023',
    /format code: 2/,
    true,
  ],
  [
    'a Bind with other numbers of formats and parameters',
    frontend.bind('', '', ['x'], { formats: [0, 1] }),
    '08P01',
    /bind message has 2 parameter formats but 1 parameters/,
    true,
  ],
  [
    'a Bind whose parameter is longer than the message',
    message('B', Buffer.from('\0\0'), int16(0), int16(1), int32(99)),
    '08P01',
    /insufficient data left in message/,
    true,
  ],
  [
    'a Bind whose parameter has a length below -1',
    message('B', Buffer.from('\0\0'), int16(0), int16(1), int32(-2), int16(0)),
    '08P01',
    /insufficient data left in message/,
    true,
  ],
];

for (const [name, sent, sqlstate, message, extended] of invalid) {
  test(`${name} is an invalid message, and the one behind it is read`, () => {
    const { frames, error } = read([frontend.startup(), sent, frontend.flush()]);
    const [, found, next] = frames as [unknown, Extract<FrontendMessage, { type: 'invalid' }>, unknown];
    assert.equal(error, undefined);
    assert.equal(found.type, 'invalid');
    assert.equal(found.sqlstate, sqlstate);
    assert.match(found.message, message);
    assert.equal(found.extended, extended);
    assert.deepEqual(next, { type: 'flush' });
  });
}

test('with a password, as many messages of authentication as are needed come first, and then any', () => {
  const sent = [
    frontend.startup(),
    frontend.password('a'),
    frontend.password('b'),
    frontend.query('select 1'),
  ];
  const { frames, error } = read(sent, { passwordMessages: 2 });
  assert.equal(error, undefined);
  assert.deepEqual(frames.at(-1), { type: 'query', sql: 'select 1' });
  assert.deepEqual(read([frontend.startup(), frontend.terminate()], { passwordMessages: 2 }).frames.at(-1), {
    type: 'terminate',
  });
});
