import { constants } from 'node:os';
import { bind } from './libc.ts';

/** `<linux/prctl.h>`. */
const PR_SET_PDEATHSIG = 1;

const sysPrctl = bind<(option: number, value: number) => number>('int prctl(int, unsigned long)');

/** Ends this process at once, whatever its threads do, without any handler of its exit (_exit(2)). */
export const exitImmediately = bind<(status: number) => void>('void _exit(int)');

/** From now on the kernel kills this process when the thread that started it has ended (prctl(2)), whatever this process does then. */
export function killWithParent(): void {
  sysPrctl(PR_SET_PDEATHSIG, constants.signals.SIGKILL);
}
