import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { visible } from '@zocalo/command';
import { connectTo } from '@zocalo/command/connect';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { terminalSession } from '../../src/client/terminal.ts';
import { FakeTerminal } from './fake-terminal.ts';

/** A person at a terminal of 40 columns, and the server's side of the conversation. */
async function session(t: TestContext) {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const arrival: Promise<[Socket]> = once(server, 'connection') as Promise<[Socket]>;
  const { port } = server.address() as { port: number };
  const socket = await connectTo({ host: '127.0.0.1', port });
  const [peer] = await arrival;
  t.after(() => peer.destroy());
  let got = '';
  peer.on('data', (bytes: Buffer) => {
    got += bytes;
  });
  peer.on('error', () => {});
  const terminal = new FakeTerminal();
  const end = terminalSession(socket, 'connected', terminal.keyboard, terminal);
  await terminal.shows('connected', '>');
  const sent = (text: string) => eventually(`the server gets ${JSON.stringify(text)}`, () => got === text);
  return { terminal, peer, end, sent };
}

test('a typed line is sent, and the answer appears below it with a new prompt', async (t) => {
  const { terminal, peer, sent } = await session(t);
  terminal.type('hola\r');
  await sent('hola\n');
  peer.write('HOLA\n');
  await terminal.shows('connected', '> hola', 'HOLA', '>');
});

test('what comes while a line is being typed goes above it, and the line stays', async (t) => {
  const { terminal, peer, sent } = await session(t);
  terminal.type('half a');
  await terminal.shows('connected', '> half a');
  peer.write('news\r\nmore\n');
  await terminal.shows('connected', 'news', 'more', '> half a');
  terminal.type(' line\r');
  await sent('half a line\n');
});

test('the cursor stays where it was in the line', async (t) => {
  const { terminal, peer, sent } = await session(t);
  terminal.type('hola\x1b[D\x1b[D');
  await eventually('the cursor has moved', () => terminal.cursor.column === 4);
  peer.write('news\n');
  await terminal.shows('connected', 'news', '> hola');
  assert.deepEqual(terminal.cursor, { row: 2, column: 4 });
  terminal.type('X\r');
  await sent('hoXla\n');
});

test('a line that needs several rows of the terminal stays whole as well', async (t) => {
  const { terminal, peer, sent } = await session(t);
  const long = 'x'.repeat(50) + 'y'.repeat(40);
  terminal.type(long);
  const rows = ['x'.repeat(38), 'x'.repeat(12) + 'y'.repeat(28), 'y'.repeat(12)];
  await terminal.shows('connected', `> ${rows[0]}`, rows[1] ?? '', rows[2] ?? '');
  peer.write('news\n');
  await terminal.shows('connected', 'news', `> ${rows[0]}`, rows[1] ?? '', rows[2] ?? '');
  terminal.type('\r');
  await sent(`${long}\n`);
});

test('text without a line end appears all the same', async (t) => {
  const { terminal, peer } = await session(t);
  peer.write('password: ');
  await terminal.shows('connected', 'password:', '>');
});

test('a line that comes in pieces is shown once and whole', async (t) => {
  const { terminal, peer } = await session(t);
  peer.setNoDelay(true);
  for (const byte of Buffer.from('ñandú\n')) peer.write(Buffer.of(byte));
  await terminal.shows('connected', 'ñandú', '>');
});

test('the history comes back with the arrow keys', async (t) => {
  const { terminal, sent } = await session(t);
  terminal.type('one\rtwo\r');
  await sent('one\ntwo\n');
  terminal.type('\x1b[A\x1b[A!\r');
  await sent('one\ntwo\none!\n');
});

for (const word of ['salir', 'EXIT', 'quit', 'Exit']) {
  test(`${word} is sent, the goodbye is shown, and the session ends when the server closes`, async (t) => {
    const { terminal, peer, end, sent } = await session(t);
    terminal.type(`${word}\r`);
    await sent(`${word}\n`);
    peer.end('goodbye\n');
    assert.equal(await end, 'user');
    assert.deepEqual(terminal.lines, ['connected', `> ${word}`, 'goodbye']);
  });
}

test('salir ends a session with a server that knows no goodbye', async (t) => {
  const { terminal, peer, end } = await session(t);
  terminal.type('salir\r');
  await once(peer, 'end');
  assert.equal(await end, 'user');
});

test('Ctrl-D on an empty line closes our side, and what the server still says is shown', async (t) => {
  const { terminal, peer, end } = await session(t);
  terminal.type('\x04');
  await once(peer, 'end');
  peer.end('last words\n');
  assert.equal(await end, 'user');
  assert.deepEqual(terminal.lines, ['connected', 'last words']);
});

test('Ctrl-D in a line that has been begun does not end the session', async (t) => {
  const { terminal, sent } = await session(t);
  terminal.type('ab\x1b[D\x04c\r');
  await sent('ac\n');
});

test('Ctrl-C leaves at once', async (t) => {
  const { terminal, end } = await session(t);
  terminal.type('half\x03');
  assert.equal(await end, 'interrupted');
  assert.deepEqual(terminal.lines, ['connected']);
});

test('when the server closes, what was being typed makes way, and the end says who ended it', async (t) => {
  const { terminal, peer, end } = await session(t);
  terminal.type('half');
  await terminal.shows('connected', '> half');
  peer.end('closing: too late');
  assert.equal(await end, 'server');
  assert.deepEqual(terminal.lines, ['connected', 'closing: too late']);
});

test('a connection that breaks ends the session with the system error', async (t) => {
  const { peer, end } = await session(t);
  peer.resetAndDestroy();
  assert.deepEqual(await end, { broken: 'ECONNRESET' });
});

test('a server cannot steer the terminal', async (t) => {
  const { terminal, peer } = await session(t);
  peer.write('\x1b[2J\x07red\x9b\tok\n');
  await terminal.shows('connected', '^[[2J^Gred<9b>\tok', '>');
});

test('control characters are written as a person would name them', () => {
  assert.equal(visible('a\0b\x1bc\x7fd\r\ne\rf\tg\u0085'), 'a^@b^[c^?d\ne^Mf\tg<85>');
  assert.equal(visible('ñ 👨‍👩‍👧 €'), 'ñ 👨‍👩‍👧 €');
});
