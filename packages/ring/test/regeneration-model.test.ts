import assert from 'node:assert/strict';
import { type ExecFileSyncOptionsWithStringEncoding, execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const model = fileURLToPath(new URL('../../../docs/ring.pml', import.meta.url));
const missing = ['spin', 'cc'].filter((program) => spawnSync(program, ['-V'], { stdio: 'ignore' }).error);
const skip = missing.length > 0 ? `${missing.join(' and ')} not installed` : false;

test('the Spin model of token regeneration never has two holders', { skip }, () => {
  const output = verify([]);
  assert.match(output, /errors: 0/);
  assert.doesNotMatch(output, /Search not completed/);
});

test('the same model without the purge lap has two holders', { skip }, () => {
  assert.match(verify(['-DNO_PURGE']), /assertion violated[\s\S]*errors: 1/);
});

function verify(defines: string[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'zocalo-spin-'));
  try {
    const options: ExecFileSyncOptionsWithStringEncoding = {
      cwd: directory,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    };
    execFileSync('spin', ['-a', ...defines, model], options);
    execFileSync('cc', ['-w', '-O2', '-DSAFETY', '-o', 'pan', 'pan.c'], options);
    return execFileSync('./pan', ['-m200000'], options);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
