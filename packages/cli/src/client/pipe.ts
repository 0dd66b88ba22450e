import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';

/**
 * How a conversation ended: `server` when the server closed while there was more to send or to come from us, `done` when both
 * sides had finished, `output` when no process reads what we print, or the system's error when the connection broke.
 */
export type PipeEnd = 'server' | 'done' | 'output' | { readonly broken: string };

/**
 * Copies bytes as they are: input to the socket, half-closed at the input's end, and the socket to the output, both no
 * faster than the other side takes them. Resolves when the server has closed and all it sent is written.
 */
export function pipeSession(socket: Socket, input: Readable, output: Writable): Promise<PipeEnd> {
  return new Promise((resolve) => {
    let inputEnded = false;
    const end = (how: PipeEnd) => {
      input.unpipe(socket);
      input.destroy();
      socket.destroy();
      resolve(how);
    };
    input.once('end', () => {
      inputEnded = true;
    });
    // A socket that breaks while the output is slow has more to say: what it received is printed first.
    let failure: string | undefined;
    socket.once('error', (error: NodeJS.ErrnoException) => {
      failure = error.code ?? error.message;
    });
    socket.once('close', () => {
      if (failure !== undefined) end({ broken: failure });
    });
    socket.once('end', () => {
      // An empty write is called back after all that was written before it.
      output.write('', () => end(inputEnded ? 'done' : 'server'));
    });
    output.once('error', () => end('output'));
    input.once('error', () => socket.end());
    input.pipe(socket);
    socket.pipe(output, { end: false });
  });
}
