import fc from 'fast-check';
import type { Question } from '../../src/dns/answer.ts';
import { classes, types } from '../../src/dns/constants.ts';
import { parseAddress, reverseName } from '../../src/dns/ip-address.ts';

/*
 * One world of names for two servers: zones for unbound, and hosts, as a file for us and as local data for unbound. And questions about it.
 */

/** Zone files, by the name of the zone. Everything else does not exist, since the root is one of them. */
export const zones: Readonly<Record<string, string>> = {
  '.': `$TTL 3600
. IN SOA a.root. admin.root. 1 1800 900 604800 60
. IN NS a.root.
`,
  'example.com': `$ORIGIN example.com.
$TTL 300
@ IN SOA ns admin 7 3600 600 86400 120
@ IN NS ns
@ IN MX 10 mail
@ IN MX 20 mail.example.net.
@ IN TXT "v=spf1 -all" "second \\"part\\""
@ IN CAA 0 issue "ca.example.net"
ns IN A 192.0.2.53
mail IN A 192.0.2.25
mail IN AAAA 2001:db8::25
www IN A 192.0.2.80
www IN A 192.0.2.81
www IN AAAA 2001:db8::80
six IN AAAA 2001:db8::6
alias IN CNAME www
alias2 60 IN CNAME alias
abroad IN CNAME www.example.net.
dangling IN CNAME nowhere
lost IN CNAME nowhere.example.org.
_sip._tcp IN SRV 1 2 5060 mail
a.b.c.deep IN A 192.0.2.4
*.wild IN A 192.0.2.42
*.wild IN TXT "wild"
raw IN TYPE65400 \\# 4 deadbeef
raw IN HINFO "PDP-11" "UNIX"
shadowed IN A 192.0.2.200
shadowed IN MX 10 mail
big IN TXT ${Array.from({ length: 12 }, (_, index) => `"${String(index).repeat(120)}"`).join(' ')}
Upper-Case IN A 192.0.2.99
`,
  'example.net': `$ORIGIN example.net.
$TTL 200
@ IN SOA ns admin 9 3600 600 86400 30
@ IN NS ns
ns IN A 198.51.100.53
www IN A 198.51.100.80
back IN CNAME alias.example.com.
mail IN A 198.51.100.25
`,
  '8.8.8.in-addr.arpa': `$ORIGIN 8.8.8.in-addr.arpa.
$TTL 300
@ IN SOA ns.example.com. admin.example.com. 7 3600 600 86400 120
@ IN NS ns.example.com.
8 IN PTR www.example.com.
`,
};

/** Addresses and their names. */
const hosts: readonly (readonly [string, ...string[]])[] = [
  ['10.1.0.1', 'alpha.lan', 'alpha'],
  ['10.1.0.2', 'Beta.lan'],
  ['10.1.0.3', 'multi.lan'],
  ['10.1.0.4', 'multi.lan', 'four.lan'],
  ['fd00::3', 'multi.lan'],
  ['fd00::6', 'six.lan', 'only6'],
  ['192.0.2.201', 'shadowed.example.com'],
  ['203.0.113.7', 'new.example.com'],
];

export const hostsFile = hosts.map((line) => `${line.join('\t')}\n`).join('');

/** The same hosts for unbound. */
export const localData: readonly string[] = hosts.flatMap(([address, canonical, ...aliases]) => [
  ...[canonical, ...aliases].map(
    (name) => `local-data: "${name}. 60 IN ${parseAddress(address)?.length === 4 ? 'A' : 'AAAA'} ${address}"`,
  ),
  `local-data-ptr: "${address} 60 ${canonical}"`,
]);

const inZones = [
  'example.com',
  'ns',
  'mail',
  'www',
  'six',
  'alias',
  'alias2',
  'abroad',
  'dangling',
  'lost',
  '_sip._tcp',
]
  .concat([
    '_tcp',
    'a.b.c.deep',
    'c.deep',
    'deep',
    'x.wild',
    'y.z.wild',
    'wild',
    'raw',
    'shadowed',
    'below.shadowed',
  ])
  .concat(['big', 'upper-case', 'nowhere', 'below.www', 'new', 'below.new', 'xn--bcher-kva'])
  .map((name) => (name === 'example.com' ? name : `${name}.example.com`));
const elsewhere = [
  'example.net',
  'www.example.net',
  'back.example.net',
  'none.example.net',
  'nothing',
  'a.nothing',
  'com',
  '.',
];
const ofHosts = hosts
  .flatMap(([, ...names]) => names)
  .concat(['none.lan', 'lan', 'below.alpha.lan', 'below.alpha']);
const special = [
  'localhost',
  'a.localhost',
  'test',
  'a.test',
  'b.a.invalid',
  'x.onion',
  'home.arpa',
  'tv.home.arpa',
];
const addresses = hosts
  .map(([address]) => address)
  .concat([
    '192.0.2.80',
    '192.0.2.81',
    '127.0.0.1',
    '127.0.0.2',
    '::1',
    '10.9.9.9',
    '192.168.1.1',
    'fd00::9',
    '8.8.8.8',
    '8.8.8.9',
  ]);

const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...inZones) },
  { weight: 2, arbitrary: fc.constantFrom(...elsewhere) },
  { weight: 4, arbitrary: fc.constantFrom(...ofHosts) },
  { weight: 2, arbitrary: fc.constantFrom(...special) },
  { weight: 2, arbitrary: fc.constantFrom(...addresses).map((address) => reverseName(address) as string) },
  { weight: 1, arbitrary: fc.stringMatching(/^[a-z0-9-]{1,20}$/).map((label) => `${label}.example.com`) },
);
const type = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom<number>(types.A, types.AAAA) },
  { weight: 2, arbitrary: fc.constantFrom<number>(types.PTR, types.MX, types.TXT, types.CNAME) },
  { weight: 2, arbitrary: fc.constantFrom<number>(types.NS, types.SOA, types.SRV, 257, 13, 65_400) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<number>(types.ANY, types.AXFR, types.IXFR),
  },
);
/** Which letters are in upper case, bit by bit, over and over. */
const spelling = fc.nat(0x3fff_ffff);

/** Questions for what is no record. unbound answers only so many of them a second, with FORMERR, and leaves others unanswered. */
export const metaQuestions: readonly Question[] = [
  types.MAILA,
  types.MAILB,
  types.TSIG,
  types.TKEY,
  types.OPT,
  128,
  200,
  248,
].map((metaType) => ({ name: 'www.example.com', type: metaType, class: classes.IN }));

/** Questions about the world, the same ones for the same seed; their names are in lower and upper case. */
export function questionsAbout(count: number, seed: number): Question[] {
  const question = fc.record({ name, type, upper: spelling }).map((each) => ({
    name: [...each.name]
      .map((letter, at) => ((each.upper >> (at % 30)) & 1 ? letter.toUpperCase() : letter))
      .join(''),
    type: each.type,
    class: classes.IN,
  }));
  return fc.sample(question, { numRuns: count, seed });
}
