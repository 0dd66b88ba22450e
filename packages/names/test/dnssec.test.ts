import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { runProgram, startUnbound } from '@zocalo/test-support/name-servers.ts';
import { programPath, without } from '@zocalo/test-support/programs.ts';
import { ServedNames } from './support/serving.ts';

const ZONE = `$ORIGIN signed.example.
$TTL 300
@ IN SOA ns admin 1 3600 600 864000 60
@ IN NS ns
ns IN A 192.0.2.53
www IN A 192.0.2.80
alias IN CNAME www
`;

test('a client that checks signatures finds them, and the proofs, in positive and negative answers, fresh and kept', {
  skip: without('unbound', 'delv', 'ldns-keygen', 'ldns-signzone'),
}, async () => {
  using folder = new TemporaryFolder();
  writeFileSync(folder.file('zone'), ZONE);
  const inFolder = (program: string, ...args: string[]) =>
    execFileSync(programPath(program) as string, args, { cwd: folder.path, encoding: 'utf8' }).trim();
  const random = ['-r', '/dev/urandom'];
  const key = inFolder('ldns-keygen', ...random, '-a', 'ECDSAP256SHA256', '-k', 'signed.example');
  inFolder('ldns-signzone', '-f', 'signed', 'zone', key);
  const [, publicKey] = /DNSKEY\s+257 3 13 (\S+)/.exec(readFileSync(folder.file(`${key}.key`), 'utf8')) ?? [];
  writeFileSync(
    folder.file('anchors'),
    `trust-anchors { signed.example. static-key 257 3 13 "${publicKey}"; };`,
  );
  await using unbound = await startUnbound({
    zones: { 'signed.example': readFileSync(folder.file('signed'), 'utf8') },
    authority: true,
  });
  await using names = await ServedNames.start('', unbound.upstream);
  const { host, port } = names.dns;
  const checked = ['-a', folder.file('anchors'), '+root=signed.example'];
  const ask = async (name: string, type: string) => {
    const question = [`@${host}`, '-p', `${port}`, '+tcp', ...checked, `${name}.signed.example`, type];
    return (await runProgram('delv', question)).output;
  };
  for (const _ of ['fresh', 'kept']) {
    for (const name of ['www', 'alias']) {
      const output = await ask(name, 'A');
      assert.match(output, /^; fully validated\n/);
      assert.match(output, /\sA\s+192\.0\.2\.\d+\n/);
    }
    for (const [name, type] of [
      ['nowhere', 'A'],
      ['www', 'MX'],
      ['alias', 'MX'],
    ] as const) {
      assert.match(await ask(name, type), /fully validated\n.*\sNSEC\s/s, `${name} ${type}`);
    }
  }
});
