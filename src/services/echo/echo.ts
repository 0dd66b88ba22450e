import { byteLines } from '../../framing/lines.ts';
import type { Protocol } from '../../protocol/protocol.ts';
import { GOODBYE, goodbyes, lineWords } from '../line-words.ts';

const LF = 0x0a;
const CR = 0x0d;
const commands = new Set(['/clients', ...goodbyes]);
const longest = Math.max(...[...commands].map((command) => command.length)) + 2;

/**
 * Every line comes back byte for byte as it came, its ending included. `/clients` is answered with how many clients are
 * connected; `salir` and `EXIT` end the conversation.
 */
export default function echo(): Protocol<Buffer> {
  return {
    ...lineWords,
    name: 'echo',
    keepsFrames: false,
    framing: byteLines({ keepEnding: true, unterminated: 'deliver' }),
    message(line, client) {
      const command = commandIn(line);
      if (command === undefined) return line;
      if (command === '/clients') return clients(client.house.activeClients);
      client.end();
      return GOODBYE;
    },
  };
}

/** Most lines are known to be none by their length. */
function commandIn(line: Buffer): string | undefined {
  if (line.length > longest) return undefined;
  let end = line.length;
  if (line[end - 1] === LF) end -= line[end - 2] === CR ? 2 : 1;
  const text = line.toString('latin1', 0, end);
  return commands.has(text) ? text : undefined;
}

function clients(count: number): string {
  return count === 1 ? '1 client is connected\n' : `${count} clients are connected\n`;
}
