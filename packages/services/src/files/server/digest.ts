import { createHash } from 'node:crypto';
import type { SliceFile } from 'zocalo';

/** How much is read at a time. Digesting it takes some 0.2 ms, for which the other clients of the thread wait. */
const CHUNK_BYTES = 262_144;
/** How often progress is reported: well before the timeout of a client, or a deadline of the server. */
const PROGRESS_INTERVAL_MS = 1_000;

/**
 * The SHA-256 of a part of a file: first, every second, how many bytes have been read; then the digest in hexadecimal digits, or undefined
 * when the file ends before the part does.
 */
export async function* sha256(
  file: SliceFile,
  offset: number,
  size: number,
): AsyncGenerator<number, string | undefined> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, size));
  let reportedAt = performance.now();
  for (let done = 0; done < size; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(CHUNK_BYTES, size - done), offset + done);
    if (bytesRead === 0) return undefined;
    hash.update(buffer.subarray(0, bytesRead));
    done += bytesRead;
    const now = performance.now();
    if (now - reportedAt >= PROGRESS_INTERVAL_MS) {
      reportedAt = now;
      yield done;
    }
  }
  return hash.digest('hex');
}
