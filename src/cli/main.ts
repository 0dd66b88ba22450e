#!/usr/bin/env node
// Any Node must be able to read this file, so that one that is too old is told so and does not trip over the rest: no
// static import, and no syntax younger than modules.
const OLDEST = 24;
const found = process.versions.node;

if (Number.parseInt(found, 10) < OLDEST) {
  process.stderr.write(
    `zocalo: Node ${OLDEST} or newer is needed; this is Node ${found} (see https://nodejs.org)\n`,
  );
  process.exitCode = 1;
} else {
  import('./program.ts').then(({ main }) => main(process.argv.slice(2)));
}
