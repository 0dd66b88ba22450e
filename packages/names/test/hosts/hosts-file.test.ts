import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { classes, rcodes, types } from '../../src/dns/constants.ts';
import { reverseName } from '../../src/dns/ip-address.ts';
import { dataText } from '../../src/dns/record-text.ts';
import { type HostsFile, HostsParser } from '../../src/hosts/hosts-file.ts';
import { ask } from '../support/messages.ts';

function parse(...pieces: string[]): HostsFile {
  const parser = new HostsParser();
  for (const piece of pieces) parser.add(piece);
  return parser.end();
}

/** What the table says to a question, as text; undefined when it does not have the name. */
function lookup({ table }: HostsFile, name: string, type: number = types.A): string[] | undefined {
  const answer = table.lookup(ask(name, type), name.toLowerCase());
  if (answer === undefined) return undefined;
  assert.deepEqual([answer.rcode, answer.authoritative, answer.source], [rcodes.NOERROR, true, 'hosts']);
  assert.ok(answer.answers.every((record) => record.name === name));
  return answer.answers.map(dataText);
}

test('a line is an address, a name and aliases, between blanks and tabs; a number sign begins a comment', () => {
  const file = parse(
    '# nothing\n\n192.0.2.1\t \tone.example  uno\tONE # the first\n  2001:db8::1 one.example#again',
  );
  for (const name of ['one.example', 'uno', 'one']) assert.deepEqual(lookup(file, name), ['192.0.2.1']);
  assert.deepEqual(lookup(file, 'one.example', types.AAAA), ['2001:db8::1']);
  assert.equal(lookup(file, 'again'), undefined);
  assert.deepEqual([file.lines, file.warningCount, file.table.names], [4, 0, 3]);
});

test('names are the same in upper and lower case, and answered as they were asked', () => {
  const file = parse('192.0.2.1 Mixed.Example');
  assert.deepEqual(lookup(file, 'mIXED.eXAMPLE'), ['192.0.2.1']);
});

test('a name on several lines has all its addresses, each once, in their order', () => {
  const file = parse('192.0.2.2 many\n192.0.2.1 other many\n192.0.2.2 many\n::1 many\n192.0.2.22 many');
  assert.deepEqual(lookup(file, 'many'), ['192.0.2.2', '192.0.2.1', '192.0.2.22']);
  assert.deepEqual(lookup(file, 'many', types.AAAA), ['::1']);
  assert.deepEqual(lookup(file, 'many', types.ANY), ['192.0.2.2', '192.0.2.1', '192.0.2.22', '::1']);
});

test('addresses of both families with the same octets are kept apart', () => {
  const ipv4 = ['1.2.3.4', '5.6.7.8', '9.10.11.12', '13.14.15.16'];
  const ipv6 = '102:304:506:708:90a:b0c:d0e:f10';
  const file = parse([...ipv4, ipv6, ipv6, ...ipv4, '::1'].map((address) => `${address} same\n`).join(''));
  assert.deepEqual(lookup(file, 'same'), ipv4);
  assert.deepEqual(lookup(file, 'same', types.AAAA), [ipv6, '::1']);
  assert.equal(file.table.names, 1);
});

test('an address with a zone is not answered, since it means nothing elsewhere; its name is there, and has no data', () => {
  const file = parse('fe80::1%lo0 localhost\nfe80::2%eth0\tgateway gw\n192.0.2.1 gw');
  for (const name of ['localhost', 'gateway']) assert.deepEqual(lookup(file, name, types.ANY), []);
  assert.deepEqual([lookup(file, 'gw', types.AAAA), lookup(file, 'gw')], [[], ['192.0.2.1']]);
  assert.equal(lookup(file, reverseName('fe80::2') as string, types.PTR), undefined);
  assert.equal(file.table.names, 3);
  assert.deepEqual(file.warnings[1], {
    line: 2,
    problem: '"fe80::2%eth0" is an address on a link of this machine alone, and is not answered',
  });
  assert.deepEqual(lookup(parse('fe80::3 here'), 'here', types.AAAA), ['fe80::3']);
});

test('names in UTF-8 are known in their ASCII form', () => {
  const file = parse(
    '192.0.2.1 Espa\u00f1a.lan b\u00fccher\n192.0.2.2 \u4f8b\u3048.\u30c6\u30b9\u30c8 _x.\u00f1.lan\n',
  );
  assert.deepEqual(lookup(file, 'xn--espaa-rta.lan'), ['192.0.2.1']);
  assert.deepEqual(lookup(file, 'XN--Bcher-KVA'), ['192.0.2.1']);
  assert.deepEqual(lookup(file, 'xn--r8jz45g.xn--zckzah'), ['192.0.2.2']);
  assert.deepEqual(lookup(file, reverseName('192.0.2.1') as string, types.PTR), ['xn--espaa-rta.lan.']);
  assert.equal(file.warningCount, 0);
  const bad = parse('192.0.2.1 caf\ufffd.lan \u00f1..lan \u00f1%2e.lan 192.0.2.9 fine');
  assert.deepEqual([bad.warningCount, bad.table.names], [4, 1]);
});

test('lines end with LF, with CR LF, and with CR', () => {
  for (const end of ['\n', '\r\n', '\r']) {
    const file = parse(['192.0.2.1 one', '192.0.2.2 two # second', '', 'bad', '192.0.2.3 three'].join(end));
    assert.deepEqual(
      ['one', 'two', 'three'].map((name) => lookup(file, name)),
      [['192.0.2.1'], ['192.0.2.2'], ['192.0.2.3']],
    );
    assert.deepEqual([file.lines, file.warnings[0]?.line], [5, 4], JSON.stringify(end));
  }
});

test('an address leads back to the first canonical name that it has, also when that came as an alias before', () => {
  const file = parse('192.0.2.1 first alias\n192.0.2.1 second\n192.0.2.2 alias\n2001:db8::1 six');
  const pointer = (address: string) => lookup(file, reverseName(address) as string, types.PTR);
  assert.deepEqual(pointer('192.0.2.1'), ['first.']);
  assert.deepEqual(pointer('192.0.2.2'), ['alias.']);
  assert.deepEqual(pointer('2001:db8::1'), ['six.']);
  assert.equal(pointer('192.0.2.3'), undefined);
});

test('a name that is there without what is asked for has no data; it is not unknown', () => {
  const file = parse('192.0.2.1 four\n::1 six');
  assert.deepEqual(lookup(file, 'four', types.AAAA), []);
  assert.deepEqual(lookup(file, 'six', types.A), []);
  assert.deepEqual(lookup(file, 'four', types.MX), []);
  assert.deepEqual(lookup(file, '1.2.0.192.in-addr.arpa', types.A), []);
  assert.equal(lookup(file, 'below.four'), undefined);
  assert.equal(file.table.lookup({ ...ask('four'), class: classes.CH }, 'four'), undefined);
});

test('a bad line is a warning with its number, and the rest loads', () => {
  const file = parse(
    '192.0.2.1 good\nnonsense here\n192.0.2.2\r\n300.1.1.1 x\n192.0.2.3 ok b@d fine\n192.0.2.4 last.',
  );
  assert.deepEqual(file.warnings, [
    { line: 2, problem: '"nonsense" is not an IP address' },
    { line: 3, problem: 'the address 192.0.2.2 has no name' },
    { line: 4, problem: '"300.1.1.1" is not an IP address' },
    { line: 5, problem: '"b@d" is not a host name' },
  ]);
  for (const name of ['good', 'ok', 'fine', 'last']) assert.equal(lookup(file, name)?.length, 1, name);
});

test('of very many warnings the first hundred are kept, and all are counted', () => {
  const file = parse('bad\n'.repeat(1_000));
  assert.deepEqual([file.warnings.length, file.warningCount, file.warnings[99]?.line], [100, 1_000, 100]);
});

test('a line that never ends is passed over, and not kept', () => {
  const parser = new HostsParser();
  // No string is as long as all of this.
  const piece = 'x'.repeat(2 ** 24);
  for (let time = 0; time < 40; time++) parser.add(piece);
  parser.add('\n192.0.2.1 after');
  const file = parser.end();
  assert.deepEqual(file.warnings, [{ line: 1, problem: 'the line is longer than 65536 characters' }]);
  assert.deepEqual(lookup(file, 'after'), ['192.0.2.1']);
});

test('a name has a thousand addresses of a family at most, so that they fit into a message', () => {
  const lines = Array.from({ length: 1_100 }, (_, index) => `10.0.${index >> 8}.${index & 255} many`);
  const file = parse(lines.join('\n'));
  assert.equal(lookup(file, 'many')?.length, 1_000);
  assert.equal(file.warningCount, 100);
  assert.deepEqual(file.warnings[0], { line: 1_001, problem: 'many has more than 1000 addresses' });
});

test('what files of other systems begin and end with does no harm', () => {
  const file = parse('\uFEFF192.0.2.1 one\r\n\f192.0.2.2\vtwo\r\n');
  assert.deepEqual(
    [lookup(file, 'one'), lookup(file, 'two'), file.warningCount],
    [['192.0.2.1'], ['192.0.2.2'], 0],
  );
});

test('however a file is cut into pieces, the same is read', () => {
  const line = fc.constantFrom(
    '192.0.2.1 one',
    '::1 one two',
    'bad line',
    '',
    '# x',
    '\t192.0.2.2 two\r',
    '192.0.2.1',
  );
  fc.assert(
    fc.property(
      fc.array(line),
      fc.array(fc.nat(100)),
      fc.constantFrom('\n', '\r\n', '\r'),
      (lines, cuts, end) => {
        const text = lines.join(end);
        const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
        const whole = parse(text);
        const pieces = parse(...at.slice(1).map((end, index) => text.slice(at[index], end)));
        for (const name of ['one', 'two']) {
          assert.deepEqual(lookup(pieces, name, types.ANY), lookup(whole, name, types.ANY));
        }
        assert.deepEqual(pieces.warnings, whole.warnings);
        assert.equal(pieces.lines, whole.lines);
      },
    ),
  );
});

test('a hundred thousand lines are all there', () => {
  const count = 100_000;
  const address = (index: number) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
  const parser = new HostsParser();
  for (let index = 0; index < count; index++)
    parser.add(`${address(index)} host${index}.example h${index}\n`);
  const file = parser.end();
  assert.deepEqual([file.lines, file.table.names, file.warningCount], [count, 2 * count, 0]);
  for (let index = 0; index < count; index += 997) {
    assert.deepEqual(lookup(file, `h${index}`), [address(index)]);
    assert.deepEqual(lookup(file, reverseName(address(index)) as string, types.PTR), [
      `host${index}.example.`,
    ]);
  }
});
