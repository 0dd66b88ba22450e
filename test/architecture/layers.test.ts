import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { layerRules } from './layer-rules.ts';

const sources = readdirSync('packages')
  .filter((name) => name !== 'test-support')
  .map((name) => `packages/${name}/src`);

test('imports run downward only, without circles, and koffi is imported in sys alone', async () => {
  const { output } = await cruise(sources, {
    ...layerRules.options,
    ruleSet: layerRules,
    validate: true,
  });
  const { modules, summary } = output as ICruiseResult;
  const violations = summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
  assert.deepEqual(violations, []);
  const read = modules.filter(
    ({ source, dependencies }) => source.startsWith('packages/') && dependencies.length > 0,
  );
  assert.ok(
    read.length > 300,
    `only ${read.length} files with imports were read: the checker cannot parse the source`,
  );
});
