import koffi from 'koffi';

const WORD = 2 ** 32;

let lastMemory: ArrayBufferLike | undefined;
let lastBase = 0;

/**
 * The address of bytes, for structures that the kernel reads. It stays true for as long as the bytes are referenced, since V8 does
 * not move such memory. Asking costs more than the rest of a submission, so the last memory is remembered: small Buffers share one.
 */
export function addressOf(bytes: Uint8Array): number {
  // Asked for its memory, a small array that V8 keeps in its own heap moves out of it, for good.
  const memory = bytes.buffer;
  if (memory !== lastMemory) {
    lastBase = Number(koffi.address(memory));
    lastMemory = memory;
  }
  return lastBase + bytes.byteOffset;
}

/** Writes an address as two words, the lower one first, as structures have it on the machines that we run on. */
export function putAddress(words: Int32Array, at: number, address: number): void {
  words[at] = address | 0;
  words[at + 1] = (address / WORD) | 0;
}
