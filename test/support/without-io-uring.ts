import { constants } from 'node:os';
import { refuse } from './seccomp.ts';

/* A program whose kernel refuses io_uring, as it does in many containers. It tries to make the loop, and says what came of it. */

const SYS_IO_URING_SETUP = 425;

refuse({ call: SYS_IO_URING_SETUP, errno: constants.errno.EPERM });
const { createUringLoop } = await import('../../src/loops/uring.ts');
try {
  createUringLoop();
  console.log('no error');
} catch (error) {
  console.log(`${(error as { code?: string }).code}: ${(error as Error).message}`);
}
