import koffi from 'koffi';
import { bind } from 'zocalo/sys';

/*
 * System calls that fail in this thread from now on, and in those that it starts: a seccomp filter (seccomp(2)), a program of the classic
 * Berkeley packet filter over the number and the arguments of each call.
 */

const PR_SET_NO_NEW_PRIVS = 38;
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2;
const SECCOMP_RET_ERRNO = 0x0005_0000;
const SECCOMP_RET_ALLOW = 0x7fff_0000;

const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_ANY_BIT = 0x45;
const RETURN = 0x06;
/** Where `struct seccomp_data` has the number of the call, and the lower half of its first argument. */
const CALL = 0;
const FIRST_ARGUMENT = 16;

export type Refusal = {
  /** The number of the system call on this architecture. */
  call: number;
  /** The number of the error that it fails with. */
  errno: number;
  /** Bits of its first argument; a call with any of them is let through. */
  exceptBits?: number;
};

const prctl = bind<(option: number, a: number, b: Buffer | null, c: number, d: number) => number>(
  'int prctl(int, ulong, void *, ulong, ulong)',
);

/** @throws {Error} if no filter can be set */
export function refuse({ call, errno, exceptBits = 0 }: Refusal): void {
  const filter = Buffer.concat([
    instruction(LOAD_WORD, CALL),
    instruction(JUMP_IF_EQUAL, call, 0, 3),
    instruction(LOAD_WORD, FIRST_ARGUMENT),
    instruction(JUMP_IF_ANY_BIT, exceptBits, 1, 0),
    instruction(RETURN, SECCOMP_RET_ERRNO | errno),
    instruction(RETURN, SECCOMP_RET_ALLOW),
  ]);
  // `struct sock_fprog`: how many instructions, and where they are.
  const program = Buffer.alloc(16);
  program.writeUInt16LE(filter.length / 8, 0);
  program.writeBigUInt64LE(koffi.address(filter), 8);
  if (
    prctl(PR_SET_NO_NEW_PRIVS, 1, null, 0, 0) < 0 ||
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) < 0
  )
    throw new Error('no seccomp filter could be set');
}

/** `struct sock_filter`; a jump tells over how many instructions it goes if its condition holds, and if not. */
function instruction(code: number, operand: number, then = 0, otherwise = 0): Buffer {
  const encoded = Buffer.alloc(8);
  encoded.writeUInt16LE(code, 0);
  encoded.writeUInt8(then, 2);
  encoded.writeUInt8(otherwise, 3);
  encoded.writeUInt32LE(operand, 4);
  return encoded;
}
