import type { FilesConnection } from './files-connection.ts';

/** What one connection fetches at a time, in bytes; it is kept in memory until its turn comes. */
const PIECE = 4_194_304;

/**
 * Fetches a part of a file over several connections, piece by piece, and hands the bytes over in order. A connection that the server
 * refuses, or keeps waiting, gets no piece; one is enough.
 */
export async function fetchInOrder(
  connect: () => Promise<FilesConnection>,
  connections: number,
  name: string,
  { offset, length }: { offset: number; length: number },
  sink: (bytes: Buffer) => Promise<void>,
): Promise<void> {
  const opened: FilesConnection[] = [];
  const end = offset + length;
  let next = offset;
  let over = false;
  /** Settles when all pieces that have been begun by now are handed over. */
  let handedOver: Promise<void> = Promise.resolve();

  async function join(): Promise<FilesConnection> {
    const connection = await connect();
    if (over) connection[Symbol.dispose]();
    opened.push(connection);
    // Whoever is in the waiting line of the server learns it here.
    if (!over) await connection.size(name);
    return connection;
  }

  async function fetchPieces(connection: FilesConnection): Promise<void> {
    while (next < end && !over) {
      const start = next;
      const stop = Math.min(start + PIECE, end);
      next = stop;
      const before = handedOver;
      const mine = Promise.withResolvers<void>();
      handedOver = mine.promise;
      handedOver.catch(() => {});
      try {
        const pieces: Buffer[] = [];
        for await (const bytes of connection.slice(name, start, stop - start)) pieces.push(bytes);
        await before;
        for (const bytes of pieces) await sink(bytes);
        mine.resolve();
      } catch (error) {
        mine.reject(error);
        throw error;
      }
    }
  }

  try {
    await new Promise<void>((resolve, reject) => {
      let failed = 0;
      for (let i = 0; i < connections; i++) {
        join().then(
          (connection) => fetchPieces(connection).then(() => handedOver.then(resolve, reject), reject),
          (error: unknown) => {
            failed++;
            if (failed === connections) reject(error);
          },
        );
      }
    });
  } finally {
    over = true;
    for (const connection of opened) connection[Symbol.dispose]();
  }
}
