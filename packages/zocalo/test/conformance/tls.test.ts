import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { onEveryLoop, testWith } from '@zocalo/test-support/models.ts';
import { serveModule, type TestServer } from '@zocalo/test-support/serving.ts';
import { type ConnectAddress, TestClient } from '@zocalo/test-support/test-client.ts';
import { TestTls } from '@zocalo/test-support/tls.ts';
import type { ServeOptions, TlsOptions } from 'zocalo';

const { authority, server: certified } = await TestTls.make();
const other = await authority.issue('other.example');
const ada = await authority.issue('ada');
const trust = { ca: authority.cert, servername: 'localhost' };

onEveryLoop(
  (subject) => {
    const serveTls = (tls: Partial<TlsOptions> = {}, options: ServeOptions = {}): Promise<TestServer> =>
      serveModule(subject, 'tls-facts', {}, { tls: { ...certified, ...tls }, ...options });

    const facts = async (client: TestClient) =>
      JSON.parse(await client.ask('facts')) as Record<string, unknown>;

    test('a conversation is the same over TLS as in clear, whatever its size, and ends in order', async () => {
      await using server = await serveTls();
      const events = new EventLog(server, ['closed', 'error']);
      using client = await TestClient.connect(server.address, { tls: trust, keepsOpen: true });
      assert.equal(await client.readLine(), 'welcome');
      for (const length of [1, 16_383, 16_384, 16_385, 70_000, 1_000_000]) {
        const line = 'x'.repeat(length);
        assert.equal(await client.ask(line), line);
      }
      client.finish('one\ntwo\nsalir\nignored\n');
      assert.equal(await client.readText(), 'one\ntwo\nadios\n');
      assert.deepEqual(
        (await events.until('closed')).map(({ reason }) => reason),
        ['protocol'],
      );
      assert.deepEqual(events.of('error'), []);
    });

    test('a client that ends its sending has all its answers', async () => {
      await using server = await serveTls();
      const events = new EventLog(server, ['closed']);
      using client = await TestClient.connect(server.address, { tls: trust, keepsOpen: true });
      client.finish(`${'y'.repeat(300_000)}\nlast\n`);
      assert.equal((await client.readText()).length, 'welcome\n'.length + 300_001 + 'last\n'.length);
      assert.equal((await events.until('closed'))[0]?.reason, 'client');
    });

    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      test(`the protocol is told what was agreed on, and a session is resumed: ${version}`, async () => {
        await using server = await serveTls({ maxVersion: version, ALPNProtocols: ['facts', 'echo'] });
        const tls = { ...trust, ALPNProtocols: ['other', 'echo'] };
        using first = await TestClient.connect(server.address, { tls });
        let session: Buffer | undefined;
        first.socket.on('session', (ticket: Buffer) => {
          session = ticket;
        });
        assert.equal(await first.readLine(), 'welcome');
        const agreed = await facts(first);
        assert.equal(agreed.version, version);
        assert.match(String(agreed.cipher), /AES|CHACHA/);
        assert.equal(agreed.protocol, 'echo');
        assert.equal(agreed.serverName, 'localhost');
        assert.equal(agreed.resumed, false);
        const ticket = await eventually('a ticket has come', () => session);
        first.finish();
        await first.readAll();
        // In a worker of its own it may be another one that has the client now: the keys of tickets are those of the server.
        using second = await TestClient.connect(server.address, { tls: { ...tls, session: ticket } });
        assert.equal(await second.readLine(), 'welcome');
        assert.equal((await facts(second)).resumed, true);
      });
    }

    test('a client that must show a certificate is in with one of the authority, and refused without one', async () => {
      await using server = await serveTls({ clientCertificates: 'require', ca: authority.cert });
      const events = new EventLog(server, ['closed', 'error']);
      {
        using client = await TestClient.connect(server.address, { tls: { ...trust, ...ada } });
        assert.equal(await client.readLine(), 'welcome');
        const { peer, names } = await facts(client);
        assert.deepEqual([peer, names], ['CN=ada', 'DNS:ada']);
      }
      await events.until('closed');
      using stranger = await TestClient.connect(server.address, { tls: trust });
      await stranger.outcome();
      const closed = await events.until('closed', 2);
      assert.equal(closed[1]?.reason, 'handshake');
      assert.match(
        events
          .of('error')
          .map(({ error }) => String(error))
          .join(),
        /peer did not return a certificate/,
      );
    });

    test('what speaks no TLS, agrees on nothing, or breaks off, is told in the event, and its protocol never hears of it', async () => {
      await using server = await serveTls({ minVersion: 'TLSv1.3', ALPNProtocols: ['facts'] });
      const events = new EventLog(server, ['closed', 'error']);
      const attempts: [make: (address: ConnectAddress) => Promise<void>, message: RegExp][] = [
        [
          (address) => sendPlain(address, 'GET / HTTP/1.0\r\n\r\n'),
          /plain text to a TLS endpoint: an HTTP request/,
        ],
        [(address) => sendPlain(address, 'hola\n'), /plain text to a TLS endpoint$/],
        [(address) => sendPlain(address, Buffer.from([22, 3, 1, 0, 5, 1, 0, 0, 1, 0])), /handshake failed: /],
        [(address) => failing(address, { maxVersion: 'TLSv1.2' }), /unsupported protocol/],
        [(address) => failing(address, { ALPNProtocols: ['other'] }), /no application protocol/],
        [
          (address) => sendPlain(address, Buffer.from([22, 3, 1]), true),
          /the client broke the TLS handshake off/,
        ],
      ];
      for (const [index, [attempt, message]] of attempts.entries()) {
        await attempt(server.address);
        const closed = await events.until('closed', index + 1);
        assert.equal(closed[index]?.reason, 'handshake');
        assert.match(events.of('error').map(({ error }) => (error as Error).message)[index] ?? '', message);
      }
      using client = await TestClient.connect(server.address, { tls: trust });
      assert.equal(await client.ask('still here'), 'welcome');
    });

    test('a handshake that takes too long is cut, and a silent client is one', async () => {
      await using server = await serveTls({ handshakeTimeoutMs: 60 });
      const events = new EventLog(server, ['closed']);
      using client = await TestClient.connect(server.address);
      assert.equal(await client.outcome(), 'end');
      assert.equal((await events.until('closed'))[0]?.reason, 'handshake-timeout');
    });

    test('an end without close_notify is no clean end', async () => {
      await using server = await serveTls();
      const events = new EventLog(server, ['closed']);
      const raw = connect({ host: server.address.host, port: server.address.port });
      const client = connectTls({ socket: raw, ...trust });
      client.on('error', () => {});
      await once(client, 'data');
      raw.destroySoon();
      assert.equal((await events.until('closed'))[0]?.reason, 'truncated');
      client.destroy();
    });

    testWith(subject, { clients: 2 })(
      'a record that was changed on its way ends its connection, and no other',
      async () => {
        await using server = await serveTls();
        const events = new EventLog(server, ['closed']);
        using bystander = await TestClient.connect(server.address, { tls: trust });
        assert.equal(await bystander.readLine(), 'welcome');
        const raw = connect({ host: server.address.host, port: server.address.port });
        const client = connectTls({ socket: raw, ...trust });
        client.on('error', () => {});
        await once(client, 'data');
        raw.write(Buffer.concat([Buffer.from([23, 3, 3, 0, 40]), Buffer.alloc(40, 7)]));
        assert.equal((await events.until('closed'))[0]?.reason, 'tls');
        assert.equal(await bystander.ask('untouched'), 'untouched');
        client.destroy();
      },
    );

    testWith(subject, { line: true })(
      'a client that is refused is told over TLS, and one that waits is told nothing in clear',
      async () => {
        await using server = await serveTls({}, { maxClients: 1, maxWaiting: 1 });
        using first = await TestClient.connect(server.address, { tls: trust });
        assert.equal(await first.readLine(), 'welcome');
        using second = await TestClient.connect(server.address, { tls: trust });
        await eventually('one waits', () => server.waitingClients === 1);
        using third = await TestClient.connect(server.address, { tls: trust });
        assert.equal(await third.readText(), 'refused: full\n');
        first.finish();
        assert.equal(await second.readLine(), 'welcome');
        assert.equal(await second.ask('in'), 'in');
      },
    );

    testWith(subject, { clients: 2 })(
      'a drain ends TLS in order, and a client in its handshake at once',
      async () => {
        await using server = await serveTls();
        using shaking = await TestClient.connect(server.address);
        await eventually('it is in', () => server.activeClients === 1);
        using client = await TestClient.connect(server.address, { tls: trust, keepsOpen: true });
        assert.equal(await client.readLine(), 'welcome');
        assert.deepEqual(await server.drain(), { cut: 0 });
        assert.equal(await client.readText(), '');
        assert.equal(await shaking.outcome(), 'end');
      },
    );
  },
  { atOnce: true },
);

test('a certificate or key that cannot be used is refused before anything listens', async () => {
  const epoll = { name: 'libuv', options: { model: 'libuv' }, traits: {} } as never;
  const refused = (tls: unknown, message: RegExp) =>
    assert.rejects(serveModule(epoll, 'tls-facts', {}, { tls: tls as TlsOptions }), {
      name: 'OptionError',
      message,
    });
  await refused({ ...certified, key: other.key }, /tls\.key.* OpenSSL says key values mismatch/);
  await refused({ ...certified, key: certified.cert }, /tls\.key must be a private key in PEM/);
  await refused({ ...certified, cert: certified.key }, /tls\.cert must hold a certificate/);
  await refused({ cert: '/etc/cert.pem', key: certified.key }, /not the path of a file/);
  await refused({ key: certified.key }, /tls\.cert must be PEM/);
  await refused(
    { ...certified, ciphers: 'nonsense' },
    /tls\.ciphers "nonsense": OpenSSL says no cipher match/,
  );
  await refused({ ...certified, clientCertificates: 'require' }, /needs tls\.ca/);
  await refused({ ...certified, minVersion: 'TLSv1.1' }, /tls\.minVersion/);
  await refused({ ...certified, certificate: 1 }, /certificate/);
  const locked = await authority.issue('localhost', { passphrase: 'secret' });
  await refused({ ...locked, passphrase: 'wrong' }, /with tls\.passphrase if it is encrypted/);
  await using server = await serveModule(
    epoll,
    'tls-facts',
    {},
    { tls: { ...locked, passphrase: 'secret' } },
  );
  using client = await TestClient.connect(server.address, { tls: trust });
  assert.equal(await client.readLine(), 'welcome');
});

async function sendPlain(address: ConnectAddress, bytes: string | Buffer, hangsUp = false): Promise<void> {
  using client = await TestClient.connect(address);
  client.send(bytes);
  if (hangsUp) client.finish();
  await client.outcome();
}

async function failing(address: ConnectAddress, tls: object): Promise<void> {
  using client = await TestClient.connect(address, { tls: { ...trust, ...tls } });
  await client.outcome();
}
