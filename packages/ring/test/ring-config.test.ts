import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { OptionError } from 'zocalo';
import { fingerprintOf, parseRingConfig, timingKeys } from '../src/node/ring-config.ts';
import { defaultTiming } from '../src/protocol/options.ts';

const NODES = '[[nodes]]\nid = 0\nport = 7400\n[[nodes]]\nid = 7\nhost = "192.0.2.7"\nport = 7400\n';

test('docs/ring.md has every key of [timing] with its default', () => {
  const page = readFileSync(new URL('../../../docs/ring.md', import.meta.url), 'utf8');
  const documented: Record<string, number> = {};
  const [, table = ''] = page.split('| `[timing]`');
  for (const [, keys = '', values = ''] of table.matchAll(/^\| - (`[^|]+`) +\| ([\d, ]+) \|/gm)) {
    const defaults = values.split(',').map(Number);
    for (const [i, [, key = '']] of [...keys.matchAll(/`([\w-]+)`/g)].entries())
      documented[timingKeys.get(key) ?? key] = defaults[i] as number;
  }
  assert.deepEqual(documented, { ...defaultTiming });
});

test('a file with nodes alone has the defaults', () => {
  assert.deepEqual(parseRingConfig(NODES, 'ring.toml'), {
    name: 'ring',
    nodes: [
      { id: 0, host: '127.0.0.1', port: 7400 },
      { id: 7, host: '192.0.2.7', port: 7400 },
    ],
    window: 1,
    durable: true,
    deputies: [],
    timing: {},
    hopDelayMs: 0,
  });
});

test('every key can be set', () => {
  const config = parseRingConfig(
    `name = "a"\nwindow = 64\ndurable = false\ndeputies = [7]\nhop-delay = 20\n[timing]\ndial-first = 5\nloss = 900.5\n${NODES}`,
    'ring.toml',
  );
  assert.deepEqual(config.timing, { connectFirstMs: 5, lossMs: 900.5 });
  assert.deepEqual([config.window, config.durable, config.deputies, config.hopDelayMs], [64, false, [7], 20]);
});

test('rings with other names, nodes or orders have other fingerprints; the rest makes no difference', () => {
  const of = (text: string) => fingerprintOf(parseRingConfig(text, 'ring.toml'));
  const turned = '[[nodes]]\nid = 7\nport = 7401\n[[nodes]]\nid = 0\nport = 7400\n';
  assert.equal(of(NODES), of(`window = 9\n${NODES.replace('192.0.2.7', '::1')}`));
  assert.notEqual(of(NODES), of(`name = "b"\n${NODES}`));
  assert.notEqual(of(NODES), of(turned));
});

const mistakes: [string, string, RegExp][] = [
  ['no TOML', 'a = = 1', /^ring\.toml:1:\d+: not TOML: /],
  ['no nodes', 'name = "a"', /it has no nodes/],
  ['one node', '[[nodes]]\nid = 0\nport = 1\n', /2 to 64 nodes, not 1/],
  ['an unknown key', `windw = 1\n${NODES}`, /there is no key "windw", only name, window/],
  [
    'an unknown key of a node',
    `${NODES}prot = 1\n`,
    /number 2: there is no key "prot", only id, host and port/,
  ],
  ['an ID twice', NODES.replace('id = 7', 'id = 0'), /two nodes have the ID 0/],
  [
    'an address twice',
    NODES.replace('192.0.2.7', '127.0.0.1'),
    /the nodes 0 and 7 are both at 127\.0\.0\.1 port 7400/,
  ],
  ['no node 0', NODES.replace('id = 0', 'id = 1'), /there is no node 0/],
  [
    'an ID too high',
    NODES.replace('id = 7', 'id = 65536'),
    /number 2: id must be a whole number from 0 to 65535, not 65536/,
  ],
  [
    'a node without port',
    '[[nodes]]\nid = 0\n[[nodes]]\nid = 1\nport = 5\n',
    /number 1: port must be .* not nothing/,
  ],
  ['a window of 0', `window = 0\n${NODES}`, /window must be a whole number from 1 to 1024, not 0/],
  ['an unknown deputy', `deputies = [3]\n${NODES}`, /the deputy 3 is none of the nodes 0, 7/],
  ['an unknown time', `[timing]\nloos = 1\n${NODES}`, /\[timing\]: there is no key "loos", only dial-first/],
  [
    'a time that is none',
    `[timing]\nloss = "1s"\n${NODES}`,
    /\[timing\]: loss must be a number of milliseconds/,
  ],
  [
    'a time for refusals that is over before the next one',
    `[timing]\nduplicate = 500\n${NODES}`,
    /\[timing\]: duplicate must be longer than dial-last and dead together.*: more than 1400, not 500/,
  ],
  [
    'a pause between attempts that is longer than the time for refusals',
    `[timing]\ndial-last = 2600\n${NODES}`,
    /: more than 3000, not 3000/,
  ],
  [
    'a rest of tokens that looks like their loss',
    `[timing]\nloss = 300\npace = 151\n${NODES}`,
    /pace must not be longer than half of loss.*: at most 150, not 151/,
  ],
  [
    'a name that is too long',
    `name = "${'n'.repeat(256)}"\n${NODES}`,
    /name must be a text of at most 255 characters/,
  ],
];

test('a short time for lost tokens shortens the rest of tokens', () => {
  assert.deepEqual(parseRingConfig(`[timing]\nloss = 60\n${NODES}`, 'ring.toml').timing, {
    lossMs: 60,
    paceMs: 30,
  });
});

for (const [what, text, message] of mistakes) {
  test(`${what} is one clear error`, () => {
    assert.throws(
      () => parseRingConfig(text, 'ring.toml'),
      (error) => {
        assert.ok(error instanceof OptionError);
        assert.match(error.message, /^ring\.toml:/);
        assert.match(error.message, message);
        return true;
      },
    );
  });
}
