import { readFileSync, writeSync } from 'node:fs';
import { IoSignals } from '../../src/sys/signal-io.ts';
import { StreamPairs, sendTo } from '../loops/stream-pairs.ts';

/* A program that gives its signals up while some still wait. */

const pairs = new StreamPairs('unix');
const io = new IoSignals();
const [near, far] = pairs.make();
io.arm(near);
sendTo(far);
sendTo(far);
const waiting = readFileSync('/proc/thread-self/status', 'utf8').match(/^SigPnd:\s+(.*)$/m)?.[1] ?? '';
if (!/^0+$/.test(waiting)) writeSync(1, 'it waits, ');
io.disarm(near);
io.close();
writeSync(1, 'it goes on');
pairs[Symbol.dispose]();
