import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { TestTls } from '@zocalo/test-support/tls.ts';
import fc from 'fast-check';
import { byteLines, lines } from '../../src/framing/lines.ts';
import type { Client } from '../../src/session/client.ts';
import { resolveLimits } from '../../src/session/limits.ts';
import type { Protocol } from '../../src/session/protocol.ts';
import { Session } from '../../src/session/session.ts';
import type { SessionPort } from '../../src/session/session-port.ts';
import { takeErrors } from '../../src/sys/openssl.ts';
import { MemoryHost } from '../../src/testing/memory-host.ts';
import { MemoryLoop } from '../../src/testing/memory-loop.ts';
import { TlsLayer } from '../../src/tls/tls-layer.ts';
import { resolveTls, type TlsOptions } from '../../src/tls/tls-options.ts';

const { authority, server: certified } = await TestTls.make();

const echo: Protocol<string> = {
  name: 'echo',
  framing: lines({ maxLength: 200_000 }),
  message: (line, client) => {
    if (line === 'end') client.end();
    return `${line}\n`;
  },
};

function layerWith(tls: Partial<TlsOptions> = {}): TlsLayer {
  return new TlsLayer({ echo: resolveTls({ ...certified, ...tls }) });
}

/** A server's side in memory: what a client sends comes in pieces, and what it is sent goes out in pieces. */
class Side {
  readonly host = new MemoryHost(resolveLimits({}), { activeClients: 1, waitingClients: 0 });
  readonly port: SessionPort;
  readonly loop: MemoryLoop;
  readonly #session: Session<never, unknown>;

  constructor(layer: TlsLayer, protocol: Protocol<never> = echo as Protocol<never>) {
    const identity = { id: 1, remoteAddress: '192.0.2.1', remotePort: 1, localPort: 2, dialect: 'echo' };
    this.#session = new Session(protocol, identity, this.host) as Session<never, unknown>;
    this.port = layer.secure(this.#session as unknown as Session<unknown, unknown>);
    this.loop = new MemoryLoop(this.port, 0);
    this.loop.open();
  }

  get finished(): boolean {
    return this.#session.finished;
  }
}

/** A client of `node:tls` whose bytes cross in pieces of `size`. */
function clientOf(test: TestContext, side: Side, size: number): TLSSocket {
  const inPieces = (bytes: Buffer, take: (piece: Buffer) => void) => {
    for (let at = 0; at < bytes.length; at += size) take(bytes.subarray(at, at + size));
  };
  const wire = new Duplex({
    read() {},
    write(bytes: Buffer, _encoding, done) {
      inPieces(bytes, (piece) => side.loop.send(Buffer.from(piece)));
      deliver();
      done();
    },
  });
  const deliver = () => {
    inPieces(side.loop.take(), (piece) => wire.push(piece));
    if (!wire.destroyed) setImmediate(deliver);
  };
  setImmediate(deliver);
  const client = connect({ socket: wire, ca: authority.cert, servername: 'localhost' });
  test.after(() => {
    client.destroy();
    wire.destroy();
  });
  return client;
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  for (const size of [1, 2, 3, 5, 16, 1_000, 16_400, 70_000]) {
    test(`${version} in pieces of ${size} bytes is the same conversation`, async (t) => {
      const side = new Side(layerWith({ maxVersion: version }));
      const client = clientOf(t, side, size);
      const text = `${'a'.repeat(40_000)}\nb\n${'c'.repeat(16_384)}\nend\n`;
      client.write(text);
      let received = '';
      client.on('data', (bytes: Buffer) => (received += bytes));
      // The end of TLS, and not of the connection, which stays open here.
      await once(client, 'end');
      assert.equal(received, text);
      assert.equal(side.host.closed, 'protocol');
      assert.deepEqual(side.host.errors, []);
    });
  }
}

/** The first bytes of a client. */
async function helloOf(): Promise<Buffer> {
  const sent: Buffer[] = [];
  const wire = new Duplex({
    read() {},
    write(bytes: Buffer, _encoding, done) {
      sent.push(bytes);
      done();
    },
  });
  const client = connect({ socket: wire, ca: authority.cert, servername: 'localhost' });
  client.on('error', () => {});
  await eventually('the client has said hello', () => sent.length > 0);
  client.destroy();
  return Buffer.concat(sent);
}

test('whatever comes instead of a handshake costs its own connection alone, and leaves no error behind', async (t) => {
  const layer = layerWith();
  const hello = await helloOf();
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { maxLength: 4 }),
      fc.nat(hello.length),
      fc.uint8Array({ maxLength: 100 }),
      (changes, length, behind) => {
        const bytes = Buffer.concat([hello.subarray(0, length), behind]);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        const side = new Side(layer);
        side.loop.send(bytes);
        side.loop.end();
        side.loop.take();
        assert.ok(side.host.closed === 'handshake' || side.host.closed === undefined);
        side.loop.reset();
        assert.ok(side.finished);
        assert.deepEqual(takeErrors(), []);
      },
    ),
    { numRuns: 3_000 },
  );
  const side = new Side(layer);
  const client = clientOf(t, side, 1_000);
  client.write('still here\n');
  assert.equal(String((await once(client, 'data'))[0]), 'still here\n');
});

test('a record that is changed at any byte ends the conversation with the reason "tls", unread', async (t) => {
  const layer = layerWith();
  for (let at = 0; at < 40; at++) {
    // A longer record would be waited for.
    if (at === 3 || at === 4) continue;
    const side = new Side(layer);
    const client = clientOf(t, side, 70_000);
    client.on('error', () => {});
    client.write('one\n');
    await once(client, 'data');
    const record = Buffer.from(
      '17030300230123456789012345678901234567890123456789012345678901234567890123456789',
      'hex',
    );
    record[at] = (record[at] as number) ^ 1;
    side.loop.send(Buffer.concat([record, Buffer.alloc(40)]));
    assert.equal(side.host.closed, 'tls', `byte ${at}`);
    assert.equal(side.host.traffic.bytesIn, 4);
    assert.deepEqual(takeErrors(), []);
  }
});

test('frames that a handler keeps are not overwritten by what comes later, from this client or another', async (t) => {
  const layer = layerWith();
  const kept: Uint8Array[] = [];
  const keeping: Protocol<Uint8Array> = {
    name: 'echo',
    framing: byteLines({ maxLength: 100_000 }),
    message: (line) => {
      kept.push(line);
      return 'ok\n';
    },
  };
  const clients = [0, 1].map(() => clientOf(t, new Side(layer, keeping as Protocol<never>), 70_000));
  const letters = 'abcdefgh';
  for (const [index, letter] of [...letters].entries()) {
    const client = clients[index % 2] as TLSSocket;
    client.write(`${letter.repeat(16_000)}\n`);
    await once(client, 'data');
  }
  assert.deepEqual(
    kept.map((line) => Buffer.from(line).toString()),
    [...letters].map((letter) => letter.repeat(16_000)),
  );
});

test('a conversation that ends, or is stopped, within its first handler leaves nothing behind', async (t) => {
  const ways: Record<string, (client: Client<unknown>, side: Side) => void> = {
    aborts: (client) => client.abort(),
    ends: (client) => client.end(),
    stops: (_client, side) => side.loop.act((session) => session.stop()),
    'stops at once': (_client, side) => side.port.stop(),
  };
  const layer = layerWith();
  for (const [way, act] of Object.entries(ways)) {
    const side: Side = new Side(layer, { ...echo, open: (client) => act(client, side) } as Protocol<never>);
    const client = clientOf(t, side, 70_000);
    client.on('error', () => {});
    client.write('one\ntwo\n');
    await eventually(`it ${way}`, () => side.port.finished);
    assert.deepEqual(takeErrors(), [], way);
  }
  const client = clientOf(t, new Side(layer), 1_000);
  client.write('still here\n');
  assert.equal(String((await once(client, 'data'))[0]), 'still here\n');
});

test('an answer that is not sent whole is not followed by the end of TLS', async (t) => {
  const breaking: Protocol<string> = {
    name: 'echo',
    framing: lines(),
    *message() {
      yield 'half of an answer';
      throw new Error('the other half is lost');
    },
  };
  const side = new Side(layerWith(), breaking as Protocol<never>);
  const client = clientOf(t, side, 70_000);
  let ended = false;
  client.on('end', () => {
    ended = true;
  });
  client.write('question\n');
  assert.equal(String((await once(client, 'data'))[0]), 'half of an answer');
  await eventually('the conversation is over', () => side.host.closed === 'error');
  for (let turn = 0; turn < 20; turn++) await nextTurn();
  assert.equal(ended, false);
});

test('connections that are cut, at whatever point, leave no memory behind', async () => {
  const layer = layerWith();
  const hello = await helloOf();
  const cutSome = async (count: number) => {
    for (let i = 0; i < count; i++) {
      // What the memory loops have scheduled holds them.
      if (i % 100 === 0) await nextTurn();
      const side = new Side(layer);
      side.loop.send(hello.subarray(0, 1 + ((i * 37) % hello.length)));
      if (i % 3 === 0) side.loop.send(hello.subarray(1 + ((i * 37) % hello.length)));
      if (i % 2 === 0) side.loop.end();
      else side.loop.reset();
      side.loop.take();
      assert.ok(side.finished);
    }
  };
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const rss = async () => {
    await nextTurn();
    collect();
    return process.memoryUsage().rss;
  };
  await cutSome(1_000);
  const before = await rss();
  await cutSome(4_000);
  // An SSL that has had its hello takes some 20 KB; 4,000 of them 80 MB.
  const grown = (await rss()) - before;
  assert.ok(grown < 30_000_000, `${grown} bytes more`);
});
