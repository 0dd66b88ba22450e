import koffi from 'koffi';

const WORD = 2 ** 32;

/** The accessors of the prototype: a subclass may override them. They throw for anything that is not a typed array. */
const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
const bufferOf = getter<ArrayBufferLike>('buffer');
const offsetOf = getter<number>('byteOffset');

function getter<Value>(name: string): () => Value {
  return Object.getOwnPropertyDescriptor(typedArray, name)?.get as () => Value;
}

let lastMemory: ArrayBufferLike | undefined;
let lastBase = 0;

/**
 * The address of bytes, for structures that the kernel reads. It stays true for as long as the bytes are referenced, since V8 does
 * not move such memory. Asking costs more than the rest of a submission, so the last memory is remembered: small Buffers share one.
 */
export function addressOf(bytes: Uint8Array): number {
  // Reading its memory moves a small array permanently out of the heap of V8.
  const memory = bufferOf.call(bytes);
  if (memory !== lastMemory) {
    lastBase = Number(koffi.address(memory));
    lastMemory = memory;
  }
  return lastBase + offsetOf.call(bytes);
}

/** Writes an address as two words, the lower one first, as structures have it on little-endian machines. */
export function putAddress(words: Int32Array, at: number, address: number): void {
  words[at] = address | 0;
  words[at + 1] = (address / WORD) | 0;
}
