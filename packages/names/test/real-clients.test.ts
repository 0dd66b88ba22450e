import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { type NameServer, runProgram, startUnbound } from '@zocalo/test-support/name-servers.ts';
import { without } from '@zocalo/test-support/programs.ts';
import { NO_UPSTREAM, ServedNames } from './support/serving.ts';

const HOSTS = `
192.0.2.10  router.lan router   # two names
2001:db8::10 router.lan
192.0.2.11  four.lan
`;

const ZONE = `
$ORIGIN zone.example.
$TTL 300
@      SOA ns.zone.example. admin.zone.example. 1 3600 600 86400 60
       NS  ns
ns     A   198.51.100.1
www    CNAME web
web    A   198.51.100.2
       AAAA 2001:db8::2
mail   MX  10 web
odd    TYPE65280 \\# 4 0a000001
${Array.from({ length: 200 }, (_, i) => `many A 198.51.100.${i}`).join('\n')}
big    TXT ${Array.from({ length: 60 }, (_, i) => `"${String(i).padStart(200, 'x')}"`).join(' ')}
`;

type Client = 'dig' | 'kdig' | 'drill';

describe('DNS clients as they are', { skip: without('unbound', 'dig', 'kdig', 'drill') }, () => {
  let upstream: NameServer;
  let names: ServedNames;
  before(async () => {
    upstream = await startUnbound({ zones: { 'zone.example': ZONE } });
    names = await ServedNames.start(HOSTS, upstream.upstream, { idleTimeoutMs: 10_000 });
  });
  after(async () => {
    await names?.[Symbol.asyncDispose]();
    await upstream?.[Symbol.asyncDispose]();
  });

  async function ask(client: Client, ...args: string[]): Promise<string> {
    const { address, port } = { address: names.dns.host, port: names.dns.port };
    const own = {
      dig: [`@${address}`, '-p', `${port}`, '+tries=1', '+time=20'],
      kdig: [`@${address}`, '-p', `${port}`, '+retry=0', '+time=20'],
      drill: ['-p', `${port}`, `@${address}`],
    };
    return (await runProgram(client, [...own[client], ...args])).output;
  }

  /** The data of the answers, as the client prints them. */
  function data(output: string): string[] {
    const [, section = ''] = /;; ANSWER SECTION:\n(.*?)\n(?:\n|;;)/s.exec(`${output}\n\n`) ?? [];
    const rows = section.split('\n').filter((line) => line !== '');
    return rows.map((line) => line.split(/\s+/).slice(3).join(' ')).sort();
  }

  const overTcp: Record<Client, string[]> = { dig: ['+tcp'], kdig: ['+tcp'], drill: ['-t'] };
  for (const client of ['dig', 'kdig', 'drill'] as const) {
    const query = (...question: string[]) => ask(client, ...overTcp[client], ...question);

    test(`${client}: what is in the hosts file is answered with authority`, async () => {
      const both = await query('router.lan', 'A');
      assert.match(both, /(status|rcode): NOERROR/);
      assert.match(both, /flags:.* aa /i);
      assert.deepEqual(data(both), ['A 192.0.2.10']);
      assert.deepEqual(data(await query('ROUTER.Lan', 'AAAA')), ['AAAA 2001:db8::10']);
      const reverse =
        client === 'drill' ? await query('10.2.0.192.in-addr.arpa', 'PTR') : await query('-x', '192.0.2.10');
      assert.deepEqual(data(reverse), ['PTR router.lan.']);
    });

    test(`${client}: a name without the family has no data, and is not asked for elsewhere`, async () => {
      const before = names.server.stats().service?.upstreamQuestions;
      const output = await query('four.lan', 'AAAA');
      assert.match(output, /(status|rcode): NOERROR/);
      assert.match(output, /ANSWER: 0/);
      assert.equal(names.server.stats().service?.upstreamQuestions, before);
    });

    test(`${client}: what the upstream knows is answered, with aliases, negative answers and types of any kind`, async () => {
      assert.deepEqual(data(await query('www.zone.example', 'A')), [
        'A 198.51.100.2',
        'CNAME web.zone.example.',
      ]);
      assert.deepEqual(data(await query('mail.zone.example', 'MX')), ['MX 10 web.zone.example.']);
      const none = await query('none.zone.example', 'A');
      assert.match(none, /(status|rcode): NXDOMAIN/);
      assert.match(none, /;; AUTHORITY SECTION:\nzone\.example\.\s+\d+\s+IN\s+SOA/);
      assert.match(await query('web.zone.example', 'TXT'), /(status|rcode): NOERROR.*ANSWER: 0/s);
      assert.match(data(await query('odd.zone.example', 'TYPE65280')).join(), /\\# 4 0a000001/i);
      assert.equal(data(await query('many.zone.example', 'A')).length, 200);
      assert.match(data(await query('big.zone.example', 'TXT')).join(), /x59"/);
    });

    test(`${client}: over UDP it is sent to TCP`, async () => {
      const before = Number(names.server.stats().service?.sentToTcp);
      const output = await ask(client, 'router.lan', 'A');
      // drill does not come by itself: it says that one should.
      if (client === 'drill') assert.match(output, /flags: qr tc .*ANSWER: 0.*query again with TCP/s);
      else assert.match(output, /\s192\.0\.2\.10\n/);
      assert.ok(Number(names.server.stats().service?.sentToTcp) > before);
    });
  }

  test('several questions on one connection', async () => {
    const before = names.server.stats();
    const output = await ask(
      'dig',
      '+tcp',
      '+keepopen',
      'router.lan',
      'A',
      'web.zone.example',
      'A',
      'four.lan',
      'A',
    );
    for (const address of ['192.0.2.10', '198.51.100.2', '192.0.2.11'])
      assert.ok(output.includes(address), address);
    const after = names.server.stats();
    assert.deepEqual([after.accepted - before.accepted, after.messages - before.messages], [1, 3]);
  });

  test('a client that asks for the idle timeout gets it', async () => {
    assert.match(await ask('dig', '+tcp', '+keepalive', 'router.lan'), /; TCP KEEPALIVE: 10\.0 secs/);
  });

  test('a question without recursion is answered from what is known, and refused else', async () => {
    const status = async (...question: string[]) =>
      /status: (\w+)/.exec(await ask('dig', '+tcp', '+norec', ...question))?.[1];
    assert.equal(await status('ns.zone.example'), 'REFUSED');
    assert.match(await ask('dig', '+tcp', '+norec', 'ns.zone.example'), /; EDE: 20 \(Not Authoritative\)/);
    await ask('dig', '+tcp', 'ns.zone.example');
    assert.equal(await status('ns.zone.example'), 'NOERROR');
    assert.equal(await status('router.lan'), 'NOERROR');
  });

  test('every reply to a question with an OPT record has one, and repeats DO and CD', async () => {
    for (const question of [
      ['router.lan'],
      ['web.zone.example'],
      ['none.zone.example'],
      ['+opcode=notify', 'zone.example', 'SOA'],
      ['+header-only'],
      ['CH', 'TXT', 'version.bind'],
    ]) {
      assert.match(await ask('dig', '+tcp', ...question), /EDNS: version: 0/, question.join(' '));
    }
    assert.match(await ask('dig', '+tcp', '+dnssec', 'router.lan'), /EDNS: version: 0, flags: do;/);
    assert.match(await ask('dig', '+tcp', '+cd', 'router.lan'), /flags:.* cd[ ;]/);
  });

  test('another version of EDNS is refused, and the client comes again with ours', async () => {
    assert.match(await ask('dig', '+tcp', '+edns=1', '+noednsneg', 'router.lan'), /status: BADVERS/);
    assert.match(await ask('dig', '+tcp', '+edns=1', 'router.lan'), /192\.0\.2\.10/);
  });

  test('version.bind and zone transfers are refused, and other operations are not implemented', async () => {
    assert.match(await ask('dig', '+tcp', 'CH', 'TXT', 'version.bind'), /status: REFUSED/);
    assert.match(await ask('kdig', '+tcp', 'CH', 'TXT', 'id.server'), /status: REFUSED/);
    assert.match(await ask('dig', 'zone.example', 'AXFR'), /Transfer failed/);
    assert.match(await ask('dig', '+tcp', '+opcode=notify', 'zone.example', 'SOA'), /status: NOTIMP/);
  });

  test('a name that cannot be asked for anywhere is a failure that says why', async () => {
    await using alone = await ServedNames.start(HOSTS, NO_UPSTREAM);
    const args = [
      `@${alone.dns.host}`,
      '-p',
      `${alone.dns.port}`,
      '+tcp',
      '+tries=1',
      '+time=20',
      'web.zone.example',
    ];
    const { output } = await runProgram('dig', args);
    assert.match(output, /status: SERVFAIL/);
    assert.match(output, /; EDE: 22 \(No Reachable Authority\)/);
  });
});

test('getdns: as a stub resolver it finds names by UDP and then TCP, and asks several questions on one connection', {
  skip: without('getdns_query'),
}, async () => {
  using folder = new TemporaryFolder();
  await using names = await ServedNames.start(HOSTS, NO_UPSTREAM);
  const server = `@${names.dns.host}:${names.dns.port}`;
  const ask = async (...args: string[]) =>
    (await runProgram('getdns_query', ['-s', '-j', '-t', '20000', server, ...args])).output;
  assert.match(await ask('-u', 'router.lan', 'A'), /"ipv4_address": ?"192\.0\.2\.10"/);
  assert.equal(names.server.stats().service?.sentToTcp, 1);
  assert.match(await ask('-T', '-H', '192.0.2.10'), /"ptrdname": ?"router\.lan\."/);
  const before = names.server.stats();
  const questions = folder.file('questions');
  writeFileSync(questions, 'router.lan AAAA\nfour.lan A\nrouter A\nfour.lan AAAA\n');
  const output = await ask('-O', '-a', '-B', '-F', questions);
  for (const address of ['2001:db8::10', '192.0.2.11', '192.0.2.10'])
    assert.ok(output.includes(address), output);
  const after = names.server.stats();
  assert.deepEqual([after.accepted - before.accepted, after.messages - before.messages], [1, 4]);
});

test('dnsperf: everything that is asked on several connections is answered', {
  skip: without('dnsperf'),
}, async () => {
  using folder = new TemporaryFolder();
  const questions = folder.file('questions');
  writeFileSync(questions, Array.from({ length: 500 }, (_, i) => `host${i}.lan A`).join('\n'));
  const hosts = Array.from({ length: 500 }, (_, i) => `10.0.${i >> 8}.${i & 255} host${i}.lan`).join('\n');
  await using names = await ServedNames.start(hosts, NO_UPSTREAM);
  const { host, port } = names.dns;
  const args = [
    '-m',
    'tcp',
    '-s',
    host,
    '-p',
    `${port}`,
    '-d',
    questions,
    '-n',
    '20',
    '-c',
    '4',
    '-q',
    '40',
    '-t',
    '20',
  ];
  const { output } = await runProgram('dnsperf', args);
  assert.match(output, /Queries completed:\s+10000 \(100\.00%\)/, output);
  assert.match(output, /Response codes:\s+NOERROR 10000 \(100\.00%\)/);
});
