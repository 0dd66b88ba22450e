import { constants } from 'node:os';
import koffi from 'koffi';
import { SystemCallError } from '../errors.ts';

/**
 * The C library of this process. Buffers are passed as `void *`: koffi hands over their address, so the
 * kernel reads and writes the bytes of the Buffer itself.
 */
const libc = koffi.load(null);

/** Binds one C function; the caller states the TypeScript signature that the prototype amounts to. */
export function bind<Signature extends (...args: never[]) => unknown>(prototype: string): Signature {
  return libc.func(prototype) as unknown as Signature;
}

/** Where a function is that this process exports, for calls that take one. */
export function addressOfSymbol(name: string): bigint {
  return libc.symbol(name, 'void *') as unknown as bigint;
}

/** The error number of the last call that failed on this thread; meaningful only right after that call. */
export function errno(): number {
  return koffi.errno();
}

const errnoNames = new Map(Object.entries(constants.errno).map(([name, number]) => [number as number, name]));

/** The symbolic name of an error number, as in errno(3): 11 is `EAGAIN` on Linux. */
export function errnoName(number: number): string {
  return errnoNames.get(number) ?? `errno ${number}`;
}

/** An error that describes the call that has just failed on this thread. */
export function lastError(call: string): SystemCallError {
  const number = errno();
  return new SystemCallError(call, errnoName(number), number);
}

/** Throws when a system call reported failure (a negative result); returns the result otherwise. */
export function check(call: string, result: number): number {
  if (result < 0) throw lastError(call);
  return result;
}
