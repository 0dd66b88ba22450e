import { constants } from 'node:os';
import { refuse } from './seccomp.ts';

/* For `node --import`: the kernel lets this process have a ring of io_uring, and refuses what it registers with it. */

const SYS_IO_URING_REGISTER = 427;

refuse({ call: SYS_IO_URING_REGISTER, errno: Number(process.env.REFUSED_WITH ?? constants.errno.EPERM) });
