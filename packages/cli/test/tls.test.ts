import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { directory, run, served } from '@zocalo/test-support/command.ts';
import { runProgram } from '@zocalo/test-support/name-servers.ts';
import { without } from '@zocalo/test-support/programs.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { TestTls } from '@zocalo/test-support/tls.ts';

const { authority, server } = await TestTls.make();
const locked = await authority.issue('localhost', { passphrase: 'open sesame' });
const files = {
  'cert.pem': server.cert,
  'key.pem': server.key,
  'locked-cert.pem': locked.cert,
  'locked-key.pem': locked.key,
  passphrase: 'open sesame\n',
  'ca.pem': authority.cert,
};
const trust = { ca: authority.cert, servername: 'localhost' };

test('a ready server speaks TLS with a certificate and a key, and says in its log what came in clear', async (t) => {
  const folder = directory(t, files);
  const flags = ['--tls-cert', join(folder, 'cert.pem'), '--tls-key', join(folder, 'key.pem')];
  const { command, host, port } = await served(t, 'echo', ['--log', 'json', ...flags]);
  assert.match(command.stdout, new RegExp(`try: openssl s_client -quiet -connect ${host}:${port}\n`));
  using client = await TestClient.connect({ host, port }, { tls: trust });
  assert.equal(await client.ask('hola'), 'hola');
  using plain = await TestClient.connect({ host, port });
  plain.send('GET / HTTP/1.0\r\n\r\n');
  await plain.outcome();
  await command.printed(
    /"level":"warn".*client 2 \(127\.0\.0\.1:\d+\): plain text to a TLS endpoint: an HTTP request/,
    'stderr',
  );
});

test('an encrypted key is opened with the passphrase in a file, and clients show certificates', async (t) => {
  const folder = directory(t, files);
  const flags = ['cert', 'key'].flatMap((each) => [`--tls-${each}`, join(folder, `locked-${each}.pem`)]);
  flags.push('--tls-passphrase-file', join(folder, 'passphrase'), '--tls-ca', join(folder, 'ca.pem'));
  flags.push('--tls-client-certificates', 'require', '--tls-min-version', 'TLSv1.3');
  const { host, port } = await served(t, 'echo', flags);
  using client = await TestClient.connect({ host, port }, { tls: { ...trust, ...server } });
  assert.equal(await client.ask('hola'), 'hola');
  using stranger = await TestClient.connect({ host, port }, { tls: trust });
  stranger.send('hola\n');
  await stranger.outcome();
  assert.equal(stranger.available, 0);
});

test('openssl is a client', { skip: without('openssl') }, async (t) => {
  const folder = directory(t, files);
  const flags = ['--tls-cert', join(folder, 'cert.pem'), '--tls-key', join(folder, 'key.pem')];
  const { host, port } = await served(t, 'echo', flags);
  for (const version of ['-tls1_2', '-tls1_3']) {
    const args = ['s_client', '-connect', `${host}:${port}`, version, '-CAfile', join(folder, 'ca.pem')];
    const { output } = await runProgram('openssl', [...args, '-verify_return_error']);
    assert.match(output, /Verify return code: 0 \(ok\)/);
  }
});

test('what cannot be used is refused by the name of its flag', async (t) => {
  const folder = directory(t, files);
  const refused = async (flags: readonly string[], message: RegExp) => {
    const { status, stderr } = await run(t, ['serve', 'echo', ...flags]);
    assert.notEqual(status, 0);
    assert.match(stderr, message);
  };
  const path = (name: string) => join(folder, name);
  await refused(['--tls-ca', path('ca.pem')], /--tls-ca needs --tls-cert/);
  await refused(['--tls-cert', path('cert.pem')], /--tls-cert needs --tls-key/);
  await refused(
    ['--tls-cert', path('none'), '--tls-key', path('key.pem')],
    /--tls-cert cannot be read: ENOENT/,
  );
  await refused(
    ['--tls-cert', path('cert.pem'), '--tls-key', path('locked-key.pem')],
    /--tls-key must be a private key/,
  );
  await refused(['--tls-cert', path('passphrase'), '--tls-key', path('key.pem')], /--tls-cert must be PEM/);
});
