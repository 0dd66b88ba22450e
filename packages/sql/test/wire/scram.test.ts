import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readPasswordFile } from '../../src/password-file.ts';
import { SqlError } from '../../src/sql-error.ts';
import { SCRAM_SHA_256, ScramExchange } from '../../src/wire/scram.ts';
import {
  formatVerifier,
  parseVerifier,
  type ScramVerifier,
  unknownVerifier,
  verifierOf,
} from '../../src/wire/scram-verifier.ts';
import { int32 } from './frontend-bytes.ts';

/** What PostgreSQL 15 keeps of passwords. */
const kept: [password: string, verifier: string][] = [
  [
    'secreto ñ',
    'SCRAM-SHA-256$4096:+NU80xlIJI80Zk6mJ3aakg==$clPs0xY5onIMj+/hnOASD8tN/WKudI6Qo2GJGQs+P3Q=:qTtpm0tmheZriT4CoEe/k3ulfSsICoXxiNcxmsdKg/w=',
  ],
  [
    'a\u00adb\u00a0c\u2168',
    'SCRAM-SHA-256$4096:QU4t+FG6ZwhlX2xHPXXCeA==$c3N+BNWmcElM6AswrwoqxnLxNBDq0CVHTO8jzAwOJpk=:kP05pFHQNiCqkCClLjevl8700xLDEXTAtYbBGZhK0T0=',
  ],
];

const initial = (data: string, mechanism = SCRAM_SHA_256) =>
  Buffer.concat([Buffer.from(`${mechanism}\0`), int32(Buffer.byteLength(data)), Buffer.from(data)]);

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/** A client's side of RFC 5802: its last message, and what the server is to answer. */
function answer(password: string, first: string, serverFirst: string, header: string) {
  const [, nonce = '', salt = '', iterations = ''] = /^r=(.*),s=(.*),i=(.*)$/.exec(serverFirst) ?? [];
  const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256');
  const clientKey = hmac(salted, 'Client Key');
  const withoutProof = `c=${Buffer.from(header).toString('base64')},r=${nonce}`;
  const said = `${first},${serverFirst},${withoutProof}`;
  const signature = hmac(createHash('sha256').update(clientKey).digest(), said);
  const proof = clientKey.map((byte, i) => byte ^ (signature[i] as number));
  return {
    nonce,
    final: Buffer.from(`${withoutProof},p=${Buffer.from(proof).toString('base64')}`),
    expected: `v=${hmac(hmac(salted, 'Server Key'), said).toString('base64')}`,
  };
}

function logIn(verifier: ScramVerifier, password: string, header = 'n,,'): void {
  const exchange = new ScramExchange(verifier, 'ana');
  const first = 'n=,r=fyko+d2lbbFgONRv9qkxdawL';
  const serverFirst = exchange.first(initial(header + first));
  const { final, expected, nonce } = answer(password, first, serverFirst, header);
  assert.ok(nonce.startsWith('fyko+d2lbbFgONRv9qkxdawL') && nonce.length > 40);
  assert.equal(exchange.final(final), expected);
}

const refusal = (sqlstate: string, message: RegExp) => (error: unknown) =>
  error instanceof SqlError &&
  error.sqlstate === sqlstate &&
  message.test(`${error.message} ${error.details.detail}`);

for (const header of ['n,,', 'y,,']) {
  test(`a client with the password comes in, with the channel binding ${header}`, () => {
    logIn(verifierOf('ajo'), 'ajo', header);
  });
}

test('a client with another password, and one of a user that is not there, get the same error', () => {
  const refused = refusal('28P01', /^password authentication failed for user "ana"/);
  assert.throws(() => logIn(verifierOf('ajo'), 'aji'), refused);
  assert.throws(() => logIn(unknownVerifier('ana'), 'ajo'), refused);
});

test('a user that is not there has the same salt each time', () => {
  assert.deepEqual(unknownVerifier('x').salt, unknownVerifier('x').salt);
  assert.notDeepEqual(unknownVerifier('x').salt, unknownVerifier('y').salt);
});

for (const [password, text] of kept) {
  test(`what PostgreSQL keeps of ${JSON.stringify(password)} is what is made of it here, and lets in`, () => {
    const verifier = parseVerifier(text) as ScramVerifier;
    assert.equal(formatVerifier(verifierOf(password, verifier.salt)), text);
    logIn(verifier, password.replace('\u00ad', '').replace('\u00a0', ' ').normalize('NFKC'));
  });
}

const first: [name: string, body: Buffer, sqlstate: string, message: RegExp][] = [
  [
    'another mechanism',
    initial('n,,n=,r=x', 'SCRAM-SHA-1'),
    '08P01',
    /invalid SASL authentication mechanism/,
  ],
  [
    'a length that is not that of the data',
    Buffer.from('SCRAM-SHA-256\0\0\0\0\x09n,,'),
    '08P01',
    /message format/,
  ],
  ['no header', initial('x'), '08P01', /channel binding flag/],
  ['a channel to bind to', initial('p=tls-server-end-point,,n=,r=x'), '08P01', /no TLS/],
  ['another identity', initial('n,a=root,n=,r=x'), '0A000', /authorization identity/],
  ['an extension', initial('n,,m=x,n=,r=x'), '0A000', /extension/],
  ['no nonce', initial('n,,n=,r='), '08P01', /no nonce/],
];

for (const [name, body, sqlstate, message] of first) {
  test(`a first message with ${name} is refused`, () => {
    assert.throws(() => new ScramExchange(verifierOf('x'), 'ana').first(body), refusal(sqlstate, message));
  });
}

const last: [name: string, change: (final: string) => string, message: RegExp][] = [
  ['no proof', (final) => final.replace(/,p=.*/, ''), /no proof/],
  ['a short proof', (final) => final.replace(/,p=.*/, ',p=AAAA'), /another length/],
  ['another nonce', (final) => final.replace(',r=', ',r=x'), /nonce/],
  ['another channel binding', (final) => final.replace('c=biws', 'c=eSws'), /channel binding/],
];

for (const [name, change, message] of last) {
  test(`a last message with ${name} is refused`, () => {
    const exchange = new ScramExchange(verifierOf('ajo'), 'ana');
    const { final } = answer('ajo', 'n=,r=x', exchange.first(initial('n,,n=,r=x')), 'n,,');
    assert.throws(() => exchange.final(Buffer.from(change(String(final)))), refusal('08P01', message));
  });
}

test('a password file has a password or a verifier in its first line', () => {
  const directory = mkdtempSync(join(tmpdir(), 'zocalo-'));
  try {
    const file = join(directory, 'password');
    writeFileSync(file, 'ajo\nanything\n');
    logIn(readPasswordFile(file), 'ajo');
    writeFileSync(file, `${kept[0]?.[1]}\r\n`);
    assert.equal(formatVerifier(readPasswordFile(file)), kept[0]?.[1]);
    writeFileSync(file, '\najo\n');
    assert.throws(() => readPasswordFile(file), /no password in its first line/);
    assert.throws(() => readPasswordFile(join(directory, 'none')), /cannot be read: ENOENT/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
