import koffi from 'koffi';
import { bind } from '../../src/sys/libc.ts';

/*
 * A program whose kernel refuses io_uring, as it does in many containers: a seccomp filter (seccomp(2)) answers io_uring_setup(2)
 * with EPERM. It tries to make the loop, and says what came of it.
 */

const PR_SET_NO_NEW_PRIVS = 38;
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2;
const SECCOMP_RET_ERRNO = 0x0005_0000;
const SECCOMP_RET_ALLOW = 0x7fff_0000;
const EPERM = 1;
const SYS_IO_URING_SETUP = 425;

const prctl = bind<(option: number, a: number, b: Buffer | null, c: number, d: number) => number>(
  'int prctl(int, ulong, void *, ulong, ulong)',
);

/** `struct sock_filter`: the operation, how far to jump if it holds and if not, and its operand. */
function instruction(code: number, then: number, otherwise: number, operand: number): Buffer {
  const encoded = Buffer.alloc(8);
  encoded.writeUInt16LE(code, 0);
  encoded.writeUInt8(then, 2);
  encoded.writeUInt8(otherwise, 3);
  encoded.writeUInt32LE(operand, 4);
  return encoded;
}

const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const filter = Buffer.concat([
  instruction(LOAD_WORD, 0, 0, 0),
  instruction(JUMP_IF_EQUAL, 0, 1, SYS_IO_URING_SETUP),
  instruction(RETURN, 0, 0, SECCOMP_RET_ERRNO | EPERM),
  instruction(RETURN, 0, 0, SECCOMP_RET_ALLOW),
]);
/** `struct sock_fprog`: how many instructions, and where they are. */
const program = Buffer.alloc(16);
program.writeUInt16LE(filter.length / 8, 0);
program.writeBigUInt64LE(koffi.address(filter), 8);

if (
  prctl(PR_SET_NO_NEW_PRIVS, 1, null, 0, 0) < 0 ||
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) < 0
)
  throw new Error('no seccomp filter could be set');

const { createUringLoop } = await import('../../src/loops/uring.ts');
try {
  createUringLoop();
  console.log('no error');
} catch (error) {
  console.log(`${(error as { code?: string }).code}: ${(error as Error).message}`);
}
