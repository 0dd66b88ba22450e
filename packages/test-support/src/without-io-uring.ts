import { constants } from 'node:os';
import { refuse } from './seccomp.ts';

/* For `node --import`: the kernel refuses io_uring to this process, as it does in many containers. */

const SYS_IO_URING_SETUP = 425;

refuse({ call: SYS_IO_URING_SETUP, errno: constants.errno.EPERM });
