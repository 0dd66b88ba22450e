import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startupOptions } from '../../src/wire/startup-packet.ts';

test('settings in the start-up option are read, in every spelling', () => {
  assert.deepEqual(startupOptions('-c a=b  -cd=e --search-path=x=y -c f='), [
    ['a', 'b'],
    ['d', 'e'],
    ['search_path', 'x=y'],
    ['f', ''],
  ]);
  assert.deepEqual(startupOptions('-c a=two\\ words\\\\'), [['a', 'two words\\']]);
  assert.deepEqual(startupOptions(' '), []);
});

for (const options of ['-c', '-c a', 'a=b', '-x a=b', '--=b', '-d 5']) {
  test(`the start-up option ${JSON.stringify(options)} is refused`, () => {
    assert.throws(() => startupOptions(options), { sqlstate: '42601' });
  });
}
