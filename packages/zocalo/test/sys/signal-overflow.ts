import { IoSignals, NONE } from '../../src/sys/signal-io.ts';
import { StreamPairs, sendTo } from '../loops/stream-pairs.ts';

/* A program with little room for signals that wait: what it takes when many descriptors have changed, and after that. */

const io = new IoSignals();
const pairs = new StreamPairs('unix');
const all = Array.from({ length: 30 }, () => pairs.make());

function takeAll(): number[] {
  const taken: number[] = [];
  for (let fd = io.take(); fd !== NONE; fd = io.take()) taken.push(fd);
  return taken;
}

const armed = all.map(([near]) => near);
for (const fd of armed) io.arm(fd);
takeAll();
for (const [, far] of all) sendTo(far);
const first = takeAll();
const again = takeAll();
process.stdout.write(JSON.stringify({ armed, first, again }));
for (const fd of armed) io.disarm(fd);
io.close();
pairs[Symbol.dispose]();
