import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { Screen } from '@zocalo/command/screen';

/** The lines that end a session; they are sent as well, so that the server can say goodbye. */
const goodbye = /^(?:exit|quit|salir)$/i;
/** How long the server has to answer and close after we have finished. */
const CLOSE_TIMEOUT_MS = 3_000;

/**
 * How a session ended: `user` asked for it, `server` closed, `interrupted` by Ctrl-C, or the system's error when the
 * connection broke.
 */
export type TerminalEnd = 'user' | 'server' | 'interrupted' | { readonly broken: string };

/** A person talks lines with a server: a prompt with editing and history, and what the server sends, as it comes. */
export function terminalSession(
  socket: Socket,
  greeting: string,
  input: NodeJS.ReadableStream = process.stdin,
  output: NodeJS.WritableStream = process.stdout,
): Promise<TerminalEnd> {
  return new Promise((resolve) => {
    const lines = createInterface({ input, output, prompt: '> ', terminal: true, historySize: 1_000 });
    const screen = new Screen(lines, output);
    let closing = false;
    let over = false;

    const end = (how: TerminalEnd) => {
      if (over) return;
      over = true;
      screen.flush();
      screen.stopTyping();
      lines.close();
      socket.destroy();
      resolve(how);
    };
    const sayGoodbye = (lastLine?: string) => {
      if (closing) return;
      closing = true;
      screen.stopTyping();
      if (lastLine === undefined) socket.end();
      else socket.end(`${lastLine}\n`);
      setTimeout(() => end('user'), CLOSE_TIMEOUT_MS).unref();
    };

    socket.on('data', (bytes: Buffer) => screen.show(bytes));
    socket.once('end', () => end(closing ? 'user' : 'server'));
    socket.once('error', (error: NodeJS.ErrnoException) => end({ broken: error.code ?? error.message }));

    lines.on('line', (line) => {
      if (closing) return;
      if (goodbye.test(line)) sayGoodbye(line);
      else {
        socket.write(`${line}\n`);
        lines.prompt();
      }
    });
    lines.once('SIGINT', () => end('interrupted'));
    // Ctrl-D on an empty line closes the interface, and nothing can be typed any more.
    lines.once('close', () => {
      if (!over) sayGoodbye();
    });

    screen.note(greeting);
  });
}
