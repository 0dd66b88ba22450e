import { byteLines, type Protocol } from 'zocalo';
import { EXIT_REPLY, isExitCommand, lineReplies, MAX_EXIT_COMMAND_LENGTH } from 'zocalo/service';

const LF = 0x0a;
const CR = 0x0d;
const CLIENTS = '/clients';
/** Of a command, with its ending. */
const longest = Math.max(CLIENTS.length, MAX_EXIT_COMMAND_LENGTH) + 2;

/**
 * Every line comes back byte for byte as it came, its ending included. `/clients` is answered with how many clients are
 * connected; `exit`, `quit` and `salir` end the conversation.
 */
export default function echo(): Protocol<Buffer> {
  return {
    ...lineReplies,
    name: 'echo',
    keepsFrames: false,
    framing: byteLines({ keepEnding: true, unterminated: 'deliver' }),
    message(line, client) {
      const command = commandIn(line);
      if (command === undefined) return line;
      if (command === CLIENTS) return clients(client.server.activeClients);
      client.end();
      return EXIT_REPLY;
    },
  };
}

/** Most lines are known to be none by their length. */
function commandIn(line: Buffer): string | undefined {
  if (line.length > longest) return undefined;
  let end = line.length;
  if (line[end - 1] === LF) end -= line[end - 2] === CR ? 2 : 1;
  const text = line.toString('latin1', 0, end);
  return text === CLIENTS || isExitCommand(text) ? text : undefined;
}

function clients(count: number): string {
  return count === 1 ? '1 client is connected\n' : `${count} clients are connected\n`;
}
