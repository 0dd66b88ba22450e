import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { serve } from 'zocalo';
import reverse, { reversed } from '../src/reverse.ts';

const pairs: readonly (readonly [what: string, text: string, back: string])[] = [
  ['letters', 'hola', 'aloh'],
  ['nothing', '', ''],
  ['composed accents', 'ñandú', 'údnañ'],
  ['combining accents', 'n\u0303a e\u0301', 'e\u0301 an\u0303'],
  ['a family', 'a👨‍👩‍👧‍👦b', 'b👨‍👩‍👧‍👦a'],
  ['flags', '🇪🇸🇫🇷', '🇫🇷🇪🇸'],
  ['skin tones', '👍🏽!', '!👍🏽'],
  ['Hangul in parts', '\u1112\u1161\u11ab\u1100\u1173\u11af', '\u1100\u1173\u11af\u1112\u1161\u11ab'],
  ['NUL', 'a\0b', 'b\0a'],
];

for (const [what, text, back] of pairs) {
  test(`${what}: reversed as people see characters`, () => assert.equal(reversed(text), back));
}

async function visited(talk: (client: TestClient) => Promise<void>): Promise<void> {
  await using server = await serve(reverse());
  using client = await TestClient.connect(server.address);
  await talk(client);
}

test('lines come back reversed, in order, whichever way they end', () =>
  visited(async (client) => {
    client.finish('abc\r\n🇪🇸x\n\nlast');
    assert.equal(await client.readText(), 'cba\nx🇪🇸\n\ntsal\n');
  }));

test('a line that is not UTF-8 gets one line of error, and the connection ends', () =>
  visited(async (client) => {
    client.send(Buffer.concat([Buffer.from('ab\n'), Buffer.from([0x61, 0xff, 0x0a]), Buffer.from('cd\n')]));
    assert.equal(await client.readText(), 'ba\nerror: a line is not UTF-8 text\n');
  }));

for (const goodbye of ['salir\n', 'EXIT\r\n', 'Quit\n']) {
  test(`the line ${JSON.stringify(goodbye)} says goodbye and ends the connection`, () =>
    visited(async (client) => {
      client.send(`ab\n${goodbye}`);
      assert.equal(await client.readText(), 'ba\ngoodbye\n');
    }));
}
